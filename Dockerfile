# One image for every service of docker-compose.yaml: Python with the lock, a full JDK, Delta's jars, the repository.
FROM python:3.12-slim-bookworm

RUN apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jdk-headless make procps curl \
    && rm -rf /var/lib/apt/lists/*

ENV BASKETRY_HOME=/var/lib/basketry \
    BASKETRY_CACHE=/opt/basketry-cache \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/basketry

# The lock first: a change of code does not install everything again.
COPY requirements.txt ./
COPY tools ./tools
COPY Makefile ./
RUN make setup

COPY dags ./dags
COPY plugins ./plugins
COPY include ./include
COPY spark_jobs ./spark_jobs
COPY docs ./docs

RUN useradd --create-home --uid 50000 basketry \
    && mkdir -p "$BASKETRY_HOME" \
    && chown -R basketry "$BASKETRY_HOME" "$BASKETRY_CACHE"
USER basketry

# As `make` does it: the environment that Airflow, MLflow and spark-submit share comes from tools/.
ENTRYPOINT [".venv/bin/python", "-m", "tools.container"]
CMD ["airflow", "version"]
