variable "environment" {
  type        = string
  description = "The environment: dev, staging or production."
}

variable "region" {
  type        = string
  description = "The AWS region."
}

variable "vpc_id" {
  type        = string
  description = "The VPC of the nodes and the load balancer."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Public subnets of the load balancer, in two availability zones at least."

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "An application load balancer needs subnets in two availability zones."
  }
}

variable "node_security_group_id" {
  type        = string
  description = "The security group of the Nomad clients; the load balancer is let in to Traefik."
}

variable "autoscaling_group" {
  type        = string
  default     = null
  description = "The Auto Scaling group of the Nomad clients; null attaches instance_ids instead."
}

variable "instance_ids" {
  type        = set(string)
  default     = []
  description = "The Nomad clients that run Traefik, where no Auto Scaling group has them."
}

variable "domains" {
  type        = list(string)
  description = "The host names that users reach: the API's, then the UI's."

  validation {
    condition     = length(var.domains) == 2
    error_message = "Name the API's host and the UI's."
  }
}

variable "certificate_arn" {
  type        = string
  default     = null
  description = "A certificate that exists; null has ACM issue one, validated in the zone."
}

variable "zone" {
  type        = string
  default     = null
  description = "The Route 53 zone of the domains; null leaves DNS alone and needs certificate_arn."
}

variable "traefik_port" {
  type        = number
  description = "Traefik's static port for plain HTTP on each node."
}

variable "ping_port" {
  type        = number
  description = "Traefik's static port that answers /ping on each node."
}

variable "deregistration_delay" {
  type        = number
  description = "Seconds for which a leaving node may finish its requests."
}

variable "manage_jobs" {
  type        = bool
  default     = false
  description = "Registers the jobs by Terraform. Leave it off where the deploy program does: a job has one owner."
}

variable "job_timeout" {
  type        = string
  description = "How long Terraform waits for a deployment of a job."
}

variable "vault_mount" {
  type        = string
  description = "The KV version 2 mount."
}

variable "manage_mount" {
  type        = bool
  default     = false
  description = "Creates the KV mount. Only one environment on a Vault may own it."
}

variable "vault_prefix" {
  type        = string
  description = "The folder of this environment below the mount."
}

variable "vault_auth_mount" {
  type        = string
  description = "The JWT auth method that trusts Nomad."
}

variable "manage_auth_mount" {
  type        = bool
  default     = false
  description = "Creates the auth method that trusts Nomad. Only one environment on a Vault may own it."
}

variable "nomad_jwks_url" {
  type        = string
  description = "Where Vault reads Nomad's keys, such as https://nomad.example.com:4646/.well-known/jwks.json."
}

variable "vault_role" {
  type        = string
  description = "The role the API's task logs in to, and the policy it gets."
}

variable "vault_role_settings" {
  type = object({
    user_claim      = string
    bound_audiences = set(string)
    bound_claims    = map(string)
    claim_mappings  = map(string)
    token_period    = number
  })
  description = "Which identities may log in to the role."
}

variable "manage_secrets" {
  type        = bool
  default     = false
  description = "Writes the application's secrets by Terraform. Leave it off where seed_secrets does."
}

variable "secret_names" {
  type        = set(string)
  description = "The names of the application's secrets."
}

variable "secrets" {
  type        = map(map(string))
  default     = null
  sensitive   = true
  ephemeral   = true
  description = "The secrets' values by name and key, by TF_VAR_secrets; in neither state nor plan."
}

variable "secrets_version" {
  type        = number
  default     = 1
  description = "Raise it to have the secrets written again."
}

variable "github_repository" {
  type        = string
  default     = null
  description = "The repository whose workflow deploys, as OWNER/NAME; null trusts none."
}

variable "github_ref" {
  type        = string
  description = "The only branch that may deploy this environment, such as refs/heads/main."
}
