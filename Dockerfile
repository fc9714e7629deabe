# The wheel is built in one image and installed in another, which has no build tools.
FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY webhooks_ui webhooks_ui
COPY templates templates
COPY static static
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.12-slim
COPY --from=build /wheel /wheel
# pg_dump and psql, for `webhooks-ui backup` and `restore`.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client \
 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir "$(ls /wheel/*.whl)[postgres]" && rm -r /wheel \
 && useradd --system --create-home webhooks \
 && install -d -o webhooks -m 700 /data
ENV PYTHONUNBUFFERED=1 \
    WEBHOOKS_UI_DATA_DIR=/data \
    WEBHOOKS_UI_HOST=0.0.0.0 \
    WEBHOOKS_UI_LOG_FORMAT=json
USER webhooks
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["webhooks-ui"]
# Console and worker in one container; compose.yaml runs them apart.
CMD ["serve"]
