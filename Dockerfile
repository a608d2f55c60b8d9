# One image for all that is ours in docker-compose.yaml: Python with the lock, a full JDK, Delta's jars, the repository.
# Nothing is fetched when a container starts: driver and executors find the same packages and jars at the same paths.
FROM python:3.12.13-slim-bookworm

# make builds, curl and grep check health, procps is what Spark's scripts need, libgomp1 what LightGBM and implicit link to.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends openjdk-17-jdk-headless make procps curl libgomp1 \
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
COPY LICENSE README.md pyproject.toml ./
# The library itself, now that it is there.
RUN make setup

# The cache stays writable: each start writes Spark's settings anew, from the container's environment.
RUN groupadd --gid 50000 basketry \
    && useradd --create-home --uid 50000 --gid 50000 basketry \
    && mkdir -p "$BASKETRY_HOME/airflow" /var/lib/mlflow \
    && chown -R 50000:50000 "$BASKETRY_HOME" /var/lib/mlflow "$BASKETRY_CACHE" \
    && chmod 700 "$BASKETRY_HOME" "$BASKETRY_HOME/airflow" /var/lib/mlflow
USER 50000:50000

# As `make` does it: the environment that Airflow, MLflow and Spark share comes from tools/.
ENTRYPOINT [".venv/bin/python", "-m", "tools.container"]
CMD ["airflow", "version"]
