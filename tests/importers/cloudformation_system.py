"""A serving system as a CloudFormation template."""

from __future__ import annotations

SYSTEM = r"""
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: prod}
  Canary: {Type: String, Default: "no"}
  ApiKey: {Type: String, NoEcho: true, Default: hunter2}
Mappings:
  Sizes:
    prod: {memory: 1024}
    dev: {memory: 256}
Conditions:
  HasCanary: !Equals [!Ref Canary, "yes"]
Globals:
  Function:
    Runtime: python3.12
    Timeout: 15
    MemorySize: !FindInMap [Sizes, !Ref Stage, memory]
    Environment:
      Variables:
        STAGE: !Ref Stage
Resources:
  Predict:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "predict-${Stage}"
      Handler: app.handler
      Environment:
        Variables:
          ENDPOINT: !GetAtt Endpoint.EndpointName
          JOBS_URL: !Ref Jobs
          API_KEY: !Ref ApiKey
      Policies:
        - SQSSendMessagePolicy: {QueueName: !GetAtt Jobs.QueueName}
        - DynamoDBReadPolicy: {TableName: !Ref Features}
        - Statement:
            - Effect: Allow
              Action: sagemaker:InvokeEndpoint
              Resource: !Sub "arn:aws:sagemaker:${AWS::Region}:${AWS::AccountId}:endpoint/${Endpoint}"
      Events:
        Post:
          Type: HttpApi
          Properties: {Path: /predict, Method: post, TimeoutInMillis: 8000}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 120
      Events:
        Jobs:
          Type: SQS
          Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 10}
      Policies:
        - S3CrudPolicy: {BucketName: !Ref Results}
  Refresh:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Nightly:
          Type: Schedule
          Properties: {Schedule: "cron(0 3 * * ? *)"}
      Environment:
        Variables:
          TABLE: !Ref Features
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 720
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt DeadJobs.Arn
        maxReceiveCount: 5
  DeadJobs:
    Type: AWS::SQS::Queue
  Features:
    Type: AWS::Serverless::SimpleTable
  Results:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Join ["-", [acme, !Ref Stage, results]]
      NotificationConfiguration:
        TopicConfigurations:
          - {Event: "s3:ObjectCreated:*", Topic: !Ref Uploaded}
  Uploaded:
    Type: AWS::SNS::Topic
    Properties:
      Subscription:
        - {Protocol: sqs, Endpoint: !GetAtt Jobs.Arn}
  Model:
    Type: AWS::SageMaker::Model
    Properties:
      ModelName: ranker
      PrimaryContainer:
        Image: 763104351884.dkr.ecr.eu-west-1.amazonaws.com/xgboost:1.7
        ModelDataUrl: !Sub "s3://${Results}/model.tar.gz"
  EndpointConfig:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants:
        - VariantName: main
          ModelName: !GetAtt Model.ModelName
          InstanceType: ml.g5.xlarge
          InitialInstanceCount: 2
          InitialVariantWeight: 1
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties:
      EndpointName: ranker
      EndpointConfigName: !GetAtt EndpointConfig.EndpointConfigName
  Scaling:
    Type: AWS::ApplicationAutoScaling::ScalableTarget
    Properties:
      MinCapacity: 2
      MaxCapacity: 6
      ResourceId: !Sub "endpoint/${Endpoint.EndpointName}/variant/main"
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Cpu: "512"
      Memory: "1024"
      RequiresCompatibilities: [FARGATE]
      ContainerDefinitions:
        - Name: web
          Image: acme/web:3
          PortMappings: [{ContainerPort: 8080}]
          Environment:
            - {Name: PREDICT_URL, Value: !Sub "https://${ServerlessHttpApi}.execute-api.${AWS::Region}.amazonaws.com"}
  Web:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      DesiredCount: 2
      LoadBalancers: [{ContainerName: web, ContainerPort: 8080, TargetGroupArn: !Ref Group}]
  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {Port: 8080, HealthCheckPath: /ready}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Scheme: internet-facing}
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]
  CanaryFunction:
    Type: AWS::Serverless::Function
    Condition: HasCanary
    Properties: {FunctionName: canary}
  Logs:
    Type: AWS::Logs::LogGroup
  Odd:
    Type: AWS::Quantum::Thing
Outputs:
  Url: {Value: !Ref ServerlessHttpApi, Export: {Name: predict-api}}
"""
