# attitre in a container: nothing is installed that a lock does not name with its hash.
#   docker build -t attitre .
#   docker run -v attitre:/data attitre init --example

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /src

RUN python -m venv --without-pip /opt/attitre
COPY requirements-run.lock ./
RUN pip --python /opt/attitre/bin/python install --no-deps --require-hashes -r requirements-run.lock
# Descriptions of every Google service lie in the package (110 MB); ours is the calendar.
RUN find /opt/attitre -path '*/discovery_cache/documents/*.json' ! -name calendar.v3.json -delete

COPY requirements-build.lock ./
RUN pip install --no-deps --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY rules rules
COPY adapters adapters
COPY config config
COPY demo demo
COPY sync sync
RUN python -m hatchling build -t wheel -d /dist \
 && pip --python /opt/attitre/bin/python install --no-deps --no-index /dist/*.whl \
 && python -m compileall -q /opt/attitre

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data attitre && install -d -o attitre -g attitre -m 0700 /data
COPY --from=build /opt/attitre /opt/attitre
ENV PATH=/opt/attitre/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER attitre
WORKDIR /data
VOLUME /data
# Ends with 1 when a calendar is stale.
HEALTHCHECK --interval=5m --timeout=30s --start-period=3m CMD ["attitre", "status"]
ENTRYPOINT ["attitre"]
CMD ["run"]
