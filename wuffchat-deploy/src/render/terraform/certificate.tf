locals {
  issue           = var.certificate_arn == null
  certificate_arn = local.issue ? one(aws_acm_certificate_validation.main[*].certificate_arn) : var.certificate_arn
  records         = var.zone == null ? [] : var.domains
}

data "aws_route53_zone" "main" {
  count = var.zone == null ? 0 : 1

  name = var.zone
}

resource "aws_acm_certificate" "main" {
  count = local.issue ? 1 : 0

  domain_name               = var.domains[0]
  subject_alternative_names = slice(var.domains, 1, length(var.domains))
  validation_method         = "DNS"

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = var.zone != null
      error_message = "A certificate is validated in the zone: set zone or certificate_arn."
    }
  }
}

resource "aws_route53_record" "validation" {
  for_each = local.issue ? toset(local.records) : toset([])

  zone_id         = one(data.aws_route53_zone.main[*].zone_id)
  name            = local.challenges[each.key].resource_record_name
  type            = local.challenges[each.key].resource_record_type
  records         = [local.challenges[each.key].resource_record_value]
  ttl             = 60
  allow_overwrite = true
}

locals {
  challenges = {
    for option in flatten(aws_acm_certificate.main[*].domain_validation_options) : option.domain_name => option
  }
}

resource "aws_acm_certificate_validation" "main" {
  count = local.issue ? 1 : 0

  certificate_arn         = one(aws_acm_certificate.main[*].arn)
  validation_record_fqdns = [for record in aws_route53_record.validation : record.fqdn]
}

resource "aws_route53_record" "host" {
  for_each = toset(local.records)

  zone_id = one(data.aws_route53_zone.main[*].zone_id)
  name    = each.key
  type    = "A"

  alias {
    name                   = aws_lb.main.dns_name
    zone_id                = aws_lb.main.zone_id
    evaluate_target_health = true
  }
}
