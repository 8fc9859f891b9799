# Off by default: what the deploy program registers, Terraform must not register too.
resource "nomad_job" "app" {
  for_each = var.manage_jobs ? fileset("${path.module}/jobs", "*.nomad.json") : toset([])

  jobspec         = file("${path.module}/jobs/${each.key}")
  json            = true
  detach          = false
  preserve_counts = true
  rerun_if_dead   = true

  timeouts {
    create = var.job_timeout
    update = var.job_timeout
  }

  depends_on = [vault_jwt_auth_backend_role.api, vault_kv_secret_v2.app]
}
