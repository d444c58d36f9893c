# An image with archlint and git, for pipelines: docker build -t archlint . && docker run --rm -v "$PWD:/work:ro" archlint check
FROM python:3.12.12-slim-bookworm AS build
COPY . /source
RUN python -m venv /opt/archlint && /opt/archlint/bin/pip install --no-cache-dir /source

FROM python:3.12.12-slim-bookworm
# `archlint diff --git` calls git. A mounted repository belongs to another user, which git must accept.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*' \
    && useradd --uid 10001 --create-home archlint
COPY --from=build /opt/archlint /opt/archlint
USER 10001
ENV PATH=/opt/archlint/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /work
ENTRYPOINT ["archlint"]
CMD ["check"]
