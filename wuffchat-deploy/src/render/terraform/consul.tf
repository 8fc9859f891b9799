# A release looks in Consul whether the new instances pass their checks, and at nothing else.
resource "consul_acl_policy" "deploy" {
  count = local.trusts_github ? 1 : 0

  name  = "wuffchat-deploy-${var.environment}"
  rules = file("${path.module}/policies/deploy-consul.hcl")
}

resource "consul_acl_role" "deploy" {
  count = local.trusts_github ? 1 : 0

  name     = "wuffchat-deploy-${var.environment}"
  policies = consul_acl_policy.deploy[*].id
}

resource "consul_acl_auth_method" "github" {
  count = local.trusts_github ? 1 : 0

  name          = local.github_name
  type          = "jwt"
  max_token_ttl = "1h0m0s"

  config_json = jsonencode({
    OIDCDiscoveryURL = local.github_issuer
    BoundIssuer      = local.github_issuer
    BoundAudiences   = ["consul-${var.environment}"]
    JWTSupportedAlgs = ["RS256"]
    ClaimMappings = {
      repository  = "repository"
      environment = "environment"
      ref         = "ref"
    }
  })
}

resource "consul_acl_binding_rule" "github" {
  count = local.trusts_github ? 1 : 0

  auth_method = one(consul_acl_auth_method.github[*].name)
  description = "Releases of WuffChat to ${var.environment}"
  selector    = "value.repository == \"${var.github_repository}\" and value.environment == \"${var.environment}\" and value.ref == \"${var.github_ref}\""
  bind_type   = "role"
  bind_name   = one(consul_acl_role.deploy[*].name)
}
