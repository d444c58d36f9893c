"""A serving system on AWS in Terraform."""

from __future__ import annotations

SYSTEM = r"""
variable "image_tag" { default = "1.4.2" }
variable "db_user" {}
provider "aws" { region = "eu-west-1" }

# the public way in: a load balancer before a service, and an API before functions
resource "aws_lb" "public" {
  name               = "public"
  load_balancer_type = "application"
  idle_timeout       = 30
}
resource "aws_lb_target_group" "web" {
  port = 8080
  health_check { path = "/ready" }
}
resource "aws_lb_target_group" "canary" { port = 8080 }
resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.public.arn
  default_action {
    type = "forward"
    forward {
      target_group {
        arn    = aws_lb_target_group.web.arn
        weight = 95
      }
      target_group {
        arn    = aws_lb_target_group.canary.arn
        weight = 5
      }
    }
  }
}

resource "aws_ecs_cluster" "main" { name = "main" }
resource "aws_ecr_repository" "web" { name = "web" }
resource "aws_ecs_task_definition" "web" {
  family                   = "web"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 1024
  memory                   = 2048
  task_role_arn            = aws_iam_role.web.arn
  container_definitions = jsonencode([
    {
      name         = "web"
      image        = "${aws_ecr_repository.web.repository_url}:${var.image_tag}"
      portMappings = [{ containerPort = 8080 }]
      environment = [
        { name = "CACHE_HOST", value = aws_elasticache_replication_group.cache.primary_endpoint_address },
        { name = "DATABASE_URL", value = "postgres://${var.db_user}@${aws_db_instance.main.endpoint}/app" },
        { name = "SEARCH", value = aws_opensearch_domain.search.endpoint },
        { name = "OPENAI_URL", value = "https://api.openai.com/v1" },
      ]
    },
    { name = "xray-daemon", image = "amazon/aws-xray-daemon" },
  ])
}
resource "aws_ecs_service" "web" {
  name            = "web"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.web.arn
  desired_count   = 3
  launch_type     = "FARGATE"
  load_balancer {
    target_group_arn = aws_lb_target_group.web.arn
    container_name   = "web"
    container_port   = 8080
  }
}
resource "aws_ecs_service" "canary" {
  name            = "canary"
  cluster         = aws_ecs_cluster.main.id
  task_definition = aws_ecs_task_definition.web.arn
  desired_count   = 1
  load_balancer {
    target_group_arn = aws_lb_target_group.canary.arn
    container_name   = "web"
    container_port   = 8080
  }
}
resource "aws_appautoscaling_target" "web" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.web.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = 3
  max_capacity       = 12
}
resource "aws_appautoscaling_policy" "web" {
  resource_id = aws_appautoscaling_target.web.resource_id
  target_tracking_scaling_policy_configuration {
    predefined_metric_specification { predefined_metric_type = "ECSServiceAverageCPUUtilization" }
    target_value = 60
  }
}
resource "aws_iam_role" "web" {
  inline_policy {
    policy = data.aws_iam_policy_document.web.json
  }
}
data "aws_iam_policy_document" "web" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.embed.arn]
  }
  statement {
    actions   = ["sagemaker:InvokeEndpoint"]
    resources = [aws_sagemaker_endpoint.ranker.arn]
  }
  statement {
    actions   = ["kinesis:PutRecord"]
    resources = ["*"]
  }
}

resource "aws_elasticache_replication_group" "cache" {
  replication_group_id = "cache"
  num_cache_clusters   = 2
  multi_az_enabled     = true
}
resource "aws_db_instance" "main" {
  identifier     = "main"
  engine         = "postgres"
  instance_class = "db.r6g.xlarge"
  multi_az       = true
}
resource "aws_opensearch_domain" "search" {
  domain_name = "search"
  cluster_config { instance_count = 3 }
}

resource "aws_sqs_queue" "embed" {
  name                       = "embed"
  visibility_timeout_seconds = 300
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = 4
  })
}
resource "aws_sqs_queue" "dead" { name = "dead" }
resource "aws_lambda_function" "embedder" {
  function_name = "embedder"
  package_type  = "Image"
  image_uri     = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/embedder:7"
  memory_size   = 3008
  timeout       = 60
  environment { variables = { VECTORS = aws_opensearchserverless_collection.vectors.collection_endpoint } }
}
resource "aws_lambda_event_source_mapping" "embedder" {
  function_name    = aws_lambda_function.embedder.arn
  event_source_arn = aws_sqs_queue.embed.arn
}
resource "aws_opensearchserverless_collection" "vectors" {
  name = "vectors"
  type = "VECTORSEARCH"
}

resource "aws_s3_bucket" "models" { bucket = "models" }
resource "aws_s3_bucket" "captured" { bucket = "captured" }
resource "aws_sagemaker_model" "ranker" {
  name = "ranker-v3"
  primary_container {
    image          = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/sklearn:1.2"
    model_data_url = "s3://${aws_s3_bucket.models.bucket}/ranker/v3.tar.gz"
  }
}
resource "aws_sagemaker_endpoint_configuration" "ranker" {
  production_variants {
    variant_name           = "main"
    model_name             = aws_sagemaker_model.ranker.name
    instance_type          = "ml.m5.xlarge"
    initial_instance_count = 2
  }
  data_capture_config {
    destination_s3_uri = "s3://${aws_s3_bucket.captured.id}/ranker"
  }
}
resource "aws_sagemaker_endpoint" "ranker" {
  name                 = "ranker"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.ranker.name
}

resource "aws_apigatewayv2_api" "events" { name = "events" }
resource "aws_apigatewayv2_stage" "live" {
  api_id = aws_apigatewayv2_api.events.id
  default_route_settings { throttling_rate_limit = 200 }
}
resource "aws_apigatewayv2_integration" "collect" {
  api_id               = aws_apigatewayv2_api.events.id
  integration_uri      = aws_lambda_function.collect.invoke_arn
  timeout_milliseconds = 5000
}
resource "aws_lambda_function" "collect" {
  function_name                  = "collect"
  timeout                        = 3
  reserved_concurrent_executions = 50
  environment { variables = { STREAM = aws_kinesis_stream.clicks.name } }
}
resource "aws_kinesis_stream" "clicks" {
  name        = "clicks"
  shard_count = 4
}
resource "aws_kinesis_firehose_delivery_stream" "archive" {
  name = "archive"
  kinesis_source_configuration { kinesis_stream_arn = aws_kinesis_stream.clicks.arn }
  extended_s3_configuration { bucket_arn = aws_s3_bucket.captured.arn }
}
resource "aws_lambda_function" "features" {
  function_name = "features"
  environment { variables = { TABLE_NAME = aws_dynamodb_table.features.name } }
}
resource "aws_lambda_event_source_mapping" "features" {
  function_name          = aws_lambda_function.features.arn
  event_source_arn       = aws_kinesis_stream.clicks.arn
  maximum_retry_attempts = 2
}
resource "aws_dynamodb_table" "features" { name = "features" }

# every night: train, then tell
resource "aws_scheduler_schedule" "nightly" {
  name                = "nightly"
  schedule_expression = "cron(0 3 * * ? *)"
  target { arn = aws_sfn_state_machine.training.arn }
}
resource "aws_sfn_state_machine" "training" {
  name       = "training"
  definition = <<-JSON
    {"StartAt": "Train", "States": {"Train": {"Type": "Task", "Resource": "arn:aws:states:::batch:submitJob.sync",
      "Parameters": {"JobDefinition": "${aws_batch_job_definition.train.arn}"}, "Next": "Tell"},
      "Tell": {"Type": "Task", "Resource": "${aws_lambda_function.tell.arn}", "End": true}}}
  JSON
}
resource "aws_batch_job_definition" "train" {
  name = "train"
  type = "container"
  container_properties = jsonencode({
    image   = "acme/trainer:3"
    command = ["python", "train.py", "--out", "s3://${aws_s3_bucket.models.bucket}/ranker"]
    resourceRequirements = [{ type = "VCPU", value = "8" }, { type = "MEMORY", value = "32768" }, { type = "GPU", value = "1" }]
  })
}
resource "aws_lambda_function" "tell" { function_name = "tell" }
resource "aws_sns_topic" "trained" { name = "trained" }
resource "aws_lambda_function_event_invoke_config" "tell" {
  function_name = aws_lambda_function.tell.function_name
  destination_config {
    on_success { destination = aws_sns_topic.trained.arn }
  }
}
resource "aws_sns_topic_subscription" "trained" {
  topic_arn = aws_sns_topic.trained.arn
  endpoint  = aws_sqs_queue.embed.arn
  protocol  = "sqs"
}
resource "aws_s3_bucket_notification" "captured" {
  bucket = aws_s3_bucket.captured.id
  lambda_function {
    lambda_function_arn = aws_lambda_function.check.arn
  }
}
resource "aws_lambda_function" "check" { function_name = "check" }
resource "aws_instance" "gpu" {
  count         = 2
  instance_type = "g5.2xlarge"
  user_data     = <<-EOF
    #!/bin/bash
    docker run --gpus all -p 8000:8000 vllm/vllm-openai:v0.6.0 vllm serve org/chat-8b --max-model-len 8192
  EOF
  tags = { Name = "llm" }
}
"""
