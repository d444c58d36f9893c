"""CloudFormation and SAM: templates to resources."""
