# A run of the workflow proves who it is by GitHub's token and gets a short-lived one. Audience,
# repository, environment and branch are all checked.
locals {
  trusts_github = var.github_repository != null
  github_issuer = "https://token.actions.githubusercontent.com"
  github_name   = "github-${var.environment}"
}

resource "nomad_acl_policy" "deploy" {
  count = local.trusts_github ? 1 : 0

  name        = "wuffchat-deploy-${var.environment}"
  description = "What a release of WuffChat needs"
  rules_hcl   = file("${path.module}/policies/deploy-nomad.hcl")
}

resource "nomad_acl_auth_method" "github" {
  count = local.trusts_github ? 1 : 0

  name           = local.github_name
  type           = "JWT"
  token_locality = "local"
  max_token_ttl  = "1h0m0s"

  config {
    oidc_discovery_url = local.github_issuer
    bound_issuer       = [local.github_issuer]
    bound_audiences    = ["nomad-${var.environment}"]
    signing_algs       = ["RS256"]

    claim_mappings = {
      repository  = "repository"
      environment = "environment"
      ref         = "ref"
      event_name  = "event"
    }
  }
}

resource "nomad_acl_binding_rule" "github" {
  count = local.trusts_github ? 1 : 0

  auth_method = one(nomad_acl_auth_method.github[*].name)
  description = "Releases of WuffChat to ${var.environment}"
  selector    = "value.repository == \"${var.github_repository}\" and value.environment == \"${var.environment}\" and value.ref == \"${var.github_ref}\""
  bind_type   = "policy"
  bind_name   = one(nomad_acl_policy.deploy[*].name)
}

resource "vault_policy" "deploy" {
  count = local.trusts_github ? 1 : 0

  name   = "wuffchat-deploy-${var.environment}"
  policy = file("${path.module}/policies/deploy-vault.hcl")
}

resource "vault_jwt_auth_backend" "github" {
  count = local.trusts_github ? 1 : 0

  path               = local.github_name
  type               = "jwt"
  description        = "Runs of GitHub's workflows"
  oidc_discovery_url = local.github_issuer
  bound_issuer       = local.github_issuer
}

resource "vault_jwt_auth_backend_role" "github" {
  count = local.trusts_github ? 1 : 0

  backend         = one(vault_jwt_auth_backend.github[*].path)
  role_name       = "deploy"
  role_type       = "jwt"
  user_claim      = "sub"
  bound_audiences = ["vault-${var.environment}"]

  bound_claims = {
    repository  = var.github_repository
    environment = var.environment
    ref         = var.github_ref
  }

  token_type     = "service"
  token_ttl      = 3600
  token_max_ttl  = 3600
  token_policies = [one(vault_policy.deploy[*].name)]
}

# Pull requests may see what a release would change, and change nothing.
resource "nomad_acl_policy" "plan" {
  count = local.trusts_github ? 1 : 0

  name        = "wuffchat-plan-${var.environment}"
  description = "What a plan of WuffChat needs"
  rules_hcl   = file("${path.module}/policies/plan-nomad.hcl")
}

resource "nomad_acl_binding_rule" "plan" {
  count = local.trusts_github ? 1 : 0

  auth_method = one(nomad_acl_auth_method.github[*].name)
  description = "Plans of WuffChat for ${var.environment}"
  selector    = "value.repository == \"${var.github_repository}\" and value.event == \"pull_request\""
  bind_type   = "policy"
  bind_name   = one(nomad_acl_policy.plan[*].name)
}
