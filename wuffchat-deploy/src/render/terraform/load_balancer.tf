resource "aws_security_group" "load_balancer" {
  name_prefix = "wuffchat-${var.environment}-alb-"
  description = "WuffChat's load balancer"
  vpc_id      = var.vpc_id

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "public" {
  for_each = toset(["80", "443"])

  security_group_id = aws_security_group.load_balancer.id
  description       = "Everybody"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  for_each = toset([tostring(var.traefik_port), tostring(var.ping_port)])

  security_group_id            = aws_security_group.load_balancer.id
  description                  = "Traefik on the nodes"
  referenced_security_group_id = var.node_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.key)
  to_port                      = tonumber(each.key)
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  for_each = toset([tostring(var.traefik_port), tostring(var.ping_port)])

  security_group_id            = var.node_security_group_id
  description                  = "WuffChat's load balancer"
  referenced_security_group_id = aws_security_group.load_balancer.id
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.key)
  to_port                      = tonumber(each.key)
}

resource "aws_lb" "main" {
  name                       = "wuffchat-${var.environment}"
  load_balancer_type         = "application"
  security_groups            = [aws_security_group.load_balancer.id]
  subnets                    = var.subnet_ids
  drop_invalid_header_fields = true
  enable_deletion_protection = var.environment == "production"
}

# One group for both hosts: Traefik tells them apart. The port is static on each node, which those
# of the tasks are not.
resource "aws_lb_target_group" "traefik" {
  name                 = "wuffchat-${var.environment}"
  port                 = var.traefik_port
  protocol             = "HTTP"
  target_type          = "instance"
  vpc_id               = var.vpc_id
  deregistration_delay = var.deregistration_delay

  health_check {
    path                = "/ping"
    port                = tostring(var.ping_port)
    protocol            = "HTTP"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_autoscaling_attachment" "traefik" {
  count = var.autoscaling_group == null ? 0 : 1

  autoscaling_group_name = var.autoscaling_group
  lb_target_group_arn    = aws_lb_target_group.traefik.arn
}

resource "aws_lb_target_group_attachment" "traefik" {
  for_each = var.autoscaling_group == null ? var.instance_ids : toset([])

  target_group_arn = aws_lb_target_group.traefik.arn
  target_id        = each.key
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type = "redirect"

    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.main.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
  certificate_arn   = local.certificate_arn

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "text/plain"
      message_body = "unknown host"
      status_code  = "404"
    }
  }
}

# Without a priority AWS takes the next free one, which cannot collide.
resource "aws_lb_listener_rule" "host" {
  for_each = toset(var.domains)

  listener_arn = aws_lb_listener.https.arn

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.traefik.arn
  }

  condition {
    host_header {
      values = [each.key]
    }
  }
}
