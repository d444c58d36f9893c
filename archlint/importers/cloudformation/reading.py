"""CloudFormation and SAM templates to units."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archlint.errors import UnreadableInputError
from archlint.importers.cloud.reading import read_cloud
from archlint.importers.cloud.resources import Resource
from archlint.importers.cloud.values import Reference, unresolved
from archlint.importers.cloudformation.sam import Events, policies, with_globals
from archlint.importers.cloudformation.spelling import TYPES, renamed, snake, spelled
from archlint.importers.cloudformation.template import Template, text_of
from archlint.importers.files import Files
from archlint.importers.objects import DEFAULT, UNRESOLVED, Item, Rows, Site, Table, Unit, Value, tree
from archlint.source.document import Document
from archlint.source.files import real_path

MAX_NESTING: Final = 8
MAX_RESOURCES: Final = 20_000
_NESTED: Final = {"AWS::CloudFormation::Stack": "TemplateURL", "AWS::Serverless::Application": "Location"}
_GLOBALS: Final = {
    "AWS::Serverless::Function": "Function", "AWS::Serverless::Api": "Api", "AWS::Serverless::HttpApi": "HttpApi",
    "AWS::Serverless::SimpleTable": "SimpleTable", "AWS::Serverless::StateMachine": "StateMachine",
}  # fmt: skip
_NOTIFIED: Final = (("LambdaConfigurations", "Function", "lambda_function", "lambda_function_arn"),
                    ("QueueConfigurations", "Queue", "queue", "queue_arn"),
                    ("TopicConfigurations", "Topic", "topic", "topic_arn"))  # fmt: skip


def read(paths: list[Path], files: Files, notes: list[str], left_out: list[tuple[str, str]]) -> list[Unit]:
    """Return the units of the templates; a template that another one includes is read as part of it."""
    reader = _Reader(files, notes)
    tables = {path: table for path in paths if (table := reader.table(path, left_out)) is not None}
    nested = {real_path(inner) for path, table in tables.items() for inner in reader.nested(path, table)}
    roots = {path: table for path, table in tables.items() if real_path(path) not in nested} or tables
    templates = []
    for number, (path, table) in enumerate(roots.items()):
        templates.append((path, Template(table, f"{number}:" if number else "", exports=reader.exports)))
    for _, template in templates:       # what one stack exports, another one may import
        for _, value, export in template.outputs():
            if isinstance(export, Value) and export.text:
                reader.exports.setdefault(export.text, value)
    for path, template in templates:
        reader.template(path, template, 0)
    files.used.update(dict.fromkeys((*tables, *reader.included)))
    return read_cloud(reader.resources, notes)


class _Reader:
    """Reads templates and the stacks inside of them."""

    def __init__(self, files: Files, notes: list[str]) -> None:
        self.files = files
        self.notes = notes
        self.resources: list[Resource] = []
        self.exports: dict[str, Item] = {}
        self.included: dict[Path, None] = {}
        self.count = 0

    def table(self, path: Path, left_out: list[tuple[str, str]]) -> Table | None:
        try:
            documents: list[Document] = self.files.documents(path)
        except UnreadableInputError as error:
            left_out.append((str(path), error.message))
            return None
        for document in documents:
            found = tree(document, document.root) if document.root is not None else None
            if isinstance(found, Table) and isinstance(found.get("Resources"), Table):
                return found
        return None

    def nested(self, path: Path, table: Table) -> Iterator[Path]:
        """Yield the templates in files of the project that a template includes."""
        for one in table.table("Resources").entries.values():
            field = _NESTED.get(one.text("Type")) if isinstance(one, Table) else None
            text = one.table("Properties").text(field) if isinstance(one, Table) and field else ""
            if text and "://" not in text:
                try:
                    found = self.files.find(path.parent, text)
                except UnreadableInputError:
                    continue
                if os.path.isfile(found):
                    yield found

    def template(self, path: Path, template: Template, depth: int) -> None:
        """Add the resources of a template, the stacks inside of it first."""
        entries = template.resources.entries
        scope = str(path) if not template.prefix else f"{path}#{template.prefix}"
        for name, one in entries.items():
            if isinstance(one, Table) and one.text("Type") in _NESTED:
                self.stack(path, template, name, one, depth)
        events = Events(template.prefix, scope, frozenset(entries))
        for name, one in entries.items():
            if isinstance(one, Table) and len(self.resources) < MAX_RESOURCES and self.is_on(template, name, one):
                self.resource(template, events, name, one, scope)

    def stack(self, path: Path, template: Template, name: str, one: Table, depth: int) -> None:
        """Read a stack inside of a template, with its parameters."""
        properties = one.table("Properties")
        text = properties.text(_NESTED[one.text("Type")])
        place = one.site.shown
        self.count += 1
        if not text or "://" in text or depth >= MAX_NESTING or self.count > 200:
            self.notes.append(f"{place}: stack {name} is not read: its template is not in these files")
            return
        try:
            inner = self.files.find(path.parent, text)
            found = self.table(inner, []) if os.path.isfile(inner) else None
        except UnreadableInputError as error:
            self.notes.append(f"{place}: stack {name} is not read: {error.message}")
            return
        if found is None:
            self.notes.append(f"{place}: stack {name} is not read: {text} is no template")
            return
        given = template.resolved(properties.table("Parameters"))
        parameters = given.entries if isinstance(given, Table) else {}
        child = Template(found, f"{template.prefix}{name}.", parameters, self.exports)
        self.included[inner] = None
        self.template(inner, child, depth + 1)
        template.outputs_of[name] = {key: value for key, value, _ in child.outputs()}

    def is_on(self, template: Template, name: str, one: Table) -> bool:
        """Whether a resource exists: one that a default switches off may."""
        condition = one.get("Condition")
        if condition is None:
            return True
        found = template.named_condition(text_of(condition), condition.site, 0)
        if found.text != "false" or found.status == UNRESOLVED:
            return True
        if found.status == DEFAULT:
            self.notes.append(f"{one.site.shown}: `{name}` is disabled by a default value; it is read as enabled")
            return True
        return False

    def resource(self, template: Template, events: Events, name: str, one: Table, scope: str) -> None:
        """Add a resource, and those that it states beside itself."""
        spelling = one.text("Type")
        if spelling in _NESTED:
            return
        settings = template.root.table("Globals", _GLOBALS[spelling]) if spelling in _GLOBALS else None
        stated = one.table("Properties")
        if settings is not None:
            stated = with_globals(stated, settings)
        resolved = template.resolved(stated)
        values = resolved if isinstance(resolved, Table) else stated
        kind, renames = TYPES.get(spelling, ("", {}))
        table = spelled(values)
        known = renamed(table, kind, renames) if isinstance(table, Table) else values
        site = template.resources.keys.get(name, one.site)
        if kind == "aws_db_instance" and "cluster_identifier" in known.entries:
            kind = "aws_rds_cluster_instance"
        if spelling.startswith("AWS::Serverless::"):
            allowed = policies(values)
            if allowed is not None:
                known = _with(known, "sam_policies", allowed)
            self.resources += events.read(name, values, site)
        made = Resource(
            kind or _unknown(spelling), name, f"{template.prefix}{name}", site, known, f"{template.prefix}{name}",
            "cloudformation", scope, spelling=spelling,
        )
        self.resources.append(made)
        self.resources += _beside(made, values, events, site)


def _with(table: Table, key: str, item: Item) -> Table:
    return Table(table.entries | {key: item}, table.keys, table.site)


def _unknown(spelling: str) -> str:
    """Return a type for what the table does not have: infrastructure is recognised by its beginning."""
    parts = spelling.split("::")
    return f"aws_{snake(parts[1])}_{snake(parts[2])}" if len(parts) == 3 and parts[0] == "AWS" else spelling


def _beside(one: Resource, values: Table, events: Events, site: Site) -> Iterator[Resource]:
    """Yield what the properties of a resource state that Terraform has resources of their own for."""
    own = unresolved(site, (Reference(one.address),))
    if one.spelling == "AWS::Events::Rule":
        yield from _targets(one, values, events, own)
    elif one.spelling == "AWS::S3::Bucket":
        found: dict[str, Item] = {"bucket": own}
        for key, field, block, name in _NOTIFIED:
            rows: list[Item] = [
                Table({name: target}, {}, target.site)
                for item in values.tables("NotificationConfiguration", key) if (target := item.get(field)) is not None
            ]  # fmt: skip
            if rows:
                found[block] = Rows(rows, site)
        yield events.resource("aws_s3_bucket_notification", one.name, site, found)
    elif one.spelling == "AWS::SNS::Topic":
        for item in values.tables("Subscription"):
            endpoint = item.get("Endpoint")
            if endpoint is not None:
                subscribed = {"topic_arn": own, "endpoint": endpoint}
                yield events.resource("aws_sns_topic_subscription", one.name, item.site, subscribed)
    elif one.spelling == "AWS::ApiGateway::Method":
        yield events.resource("aws_api_gateway_method", one.name, site, dict(one.values.entries))
    elif one.spelling == "AWS::Serverless::Function":
        yield from _of_function(one, values, events, own)


def _targets(one: Resource, values: Table, events: Events, own: Item) -> Iterator[Resource]:
    for target in values.tables("Targets"):
        arn, task = target.get("Arn"), target.get("EcsParameters", "TaskDefinitionArn")
        known: dict[str, Item] = {"rule": own}
        if arn is not None:
            known["arn"] = arn
        if task is not None:
            known["ecs_target"] = Table({"task_definition_arn": task}, {}, target.site)
        yield events.resource("aws_cloudwatch_event_target", one.name, target.site, known)


def _of_function(one: Resource, values: Table, events: Events, own: Item) -> Iterator[Resource]:
    concurrency = values.get("ProvisionedConcurrencyConfig", "ProvisionedConcurrentExecutions")
    if concurrency is not None:
        kept = {"function_name": own, "provisioned_concurrent_executions": concurrency}
        yield events.resource("aws_lambda_provisioned_concurrency_config", one.name, concurrency.site, kept)
    url = values.get("FunctionUrlConfig")
    if isinstance(url, Table):
        auth = url.get("AuthType")
        known = {"function_name": own, **({"authorization_type": auth} if auth is not None else {})}
        yield events.resource("aws_lambda_function_url", one.name, url.site, known)
