resource "vault_mount" "secrets" {
  count = var.manage_mount ? 1 : 0

  path        = var.vault_mount
  type        = "kv"
  options     = { version = "2" }
  description = "WuffChat's secrets"
}

resource "vault_jwt_auth_backend" "nomad" {
  count = var.manage_auth_mount ? 1 : 0

  path               = var.vault_auth_mount
  type               = "jwt"
  description        = "Identities of Nomad's tasks"
  jwks_url           = var.nomad_jwks_url
  jwt_supported_algs = ["RS256", "EdDSA"]
  default_role       = var.vault_role
}

resource "vault_policy" "api" {
  name   = var.vault_role
  policy = file("${path.module}/policies/api.hcl")
}

resource "vault_jwt_auth_backend_role" "api" {
  backend         = var.vault_auth_mount
  role_name       = var.vault_role
  role_type       = "jwt"
  user_claim      = var.vault_role_settings.user_claim
  bound_audiences = var.vault_role_settings.bound_audiences
  bound_claims    = var.vault_role_settings.bound_claims
  claim_mappings  = var.vault_role_settings.claim_mappings
  token_type      = "service"
  token_period    = var.vault_role_settings.token_period
  token_policies  = [vault_policy.api.name]

  depends_on = [vault_jwt_auth_backend.nomad]
}

resource "vault_kv_secret_v2" "app" {
  for_each = var.manage_secrets ? var.secret_names : toset([])

  mount                = var.vault_mount
  name                 = "${var.vault_prefix}/${each.key}"
  data_json_wo         = jsonencode(var.secrets[each.key])
  data_json_wo_version = var.secrets_version

  depends_on = [vault_mount.secrets]
}
