# 1.11 is the first with write-only arguments (1.10 has the ephemeral variables), and with it the
# lock file of the S3 backend is no longer experimental.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
    consul = {
      source  = "hashicorp/consul"
      version = "~> 2.21"
    }
    nomad = {
      source  = "hashicorp/nomad"
      version = "~> 2.6" # the first with preserve_counts
    }
    vault = {
      source  = "hashicorp/vault"
      version = "~> 5.0" # the first with data_json_wo
    }
  }
}
