provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Application = "wuffchat"
      Environment = var.environment
      ManagedBy   = "terraform"
    }
  }
}

# Address, token and certificates come from NOMAD_ADDR, NOMAD_TOKEN, NOMAD_CACERT, NOMAD_CLIENT_CERT
# and NOMAD_CLIENT_KEY.
provider "nomad" {}

# Address, token and certificates come from VAULT_ADDR, VAULT_TOKEN and VAULT_CACERT.
provider "vault" {}

# Address, token and certificates come from CONSUL_HTTP_ADDR, CONSUL_HTTP_TOKEN and CONSUL_CACERT.
provider "consul" {}
