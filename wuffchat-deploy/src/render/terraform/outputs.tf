output "load_balancer" {
  value       = aws_lb.main.dns_name
  description = "The load balancer's own name, for DNS that is kept elsewhere."
}

output "target_group_arn" {
  value       = aws_lb_target_group.traefik.arn
  description = "The target group of Traefik."
}

output "urls" {
  value       = [for domain in var.domains : "https://${domain}"]
  description = "What users reach."
}
