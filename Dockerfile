# The five services, the audit of what they have, and the mailbox that takes their messages where no mail server is.
#
#   docker build --build-arg PROJECT=booking_project .     one service; the command names the process:
#                                                          web, worker, relay, migrate, beat, flower (docker/entrypoint.sh)
#   docker build --target audit .                          the audit
#   docker build --target message-sink .                   the mailbox
#
# What all services share is one layer, the same to the byte however often it is built (docker/settle.sh), so that a
# node pulls it once for all of them.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
ENV PYTHONPATH=/build PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    UV_NO_CACHE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /build
COPY stack/requirements-bootstrap.txt stack/
RUN pip install --quiet --no-deps --require-hashes -r stack/requirements-bootstrap.txt
COPY requirements.lock ./
COPY stack/__init__.py stack/errors.py stack/instance.py stack/lock.py stack/python.py stack/services.py stack/
COPY docker/requirements.py docker/settle.sh docker/
RUN uv venv --quiet --no-project --python "$(command -v python)" /opt/venv
ENV VIRTUAL_ENV=/opt/venv

FROM build AS shared
RUN python docker/requirements.py shared > shared.txt \
 && uv pip install --quiet --no-deps --require-hashes -r shared.txt \
 && sh docker/settle.sh /opt/venv

FROM build AS service-own
ARG PROJECT
RUN python docker/requirements.py "${PROJECT:?names a service, such as booking_project}" > own.txt \
 && uv pip install --quiet --no-deps --require-hashes --target /opt/own -r own.txt
COPY chassis chassis
RUN uv pip install --quiet --no-deps --target /opt/own ./chassis && sh docker/settle.sh /opt/own
COPY ${PROJECT} /app
RUN sh docker/settle.sh /app

FROM build AS message-sink-own
COPY mailbox/message_sink /app/message_sink
RUN sh docker/settle.sh /app

FROM build AS audit-own
COPY chassis chassis
RUN uv pip install --quiet --no-deps --target /opt/own ./chassis && sh docker/settle.sh /opt/own
COPY audit /app/audit
RUN sh docker/settle.sh /app

FROM ${PYTHON} AS runtime
RUN groupadd --gid 10001 marquee \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin marquee \
 && install -d -o 10001 -g 10001 /data /run/metrics
COPY docker/entrypoint.sh /usr/local/bin/marquee
COPY docker/health.py /usr/local/bin/marquee-health
# glibc gives every thread an arena of its own; two are enough, and memory stays small.
ENV PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONPATH=/opt/own \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 HOME=/tmp LANG=C.UTF-8 TZ=UTC BIND=0.0.0.0
WORKDIR /app
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["marquee"]
HEALTHCHECK --interval=10s --timeout=10s --start-period=120s --retries=3 CMD ["python", "-IS", "/usr/local/bin/marquee-health"]
LABEL org.opencontainers.image.vendor="Marquee" \
      org.opencontainers.image.base.name="docker.io/library/python:3.11-slim-bookworm"

FROM runtime AS message-sink
LABEL org.opencontainers.image.title="marquee-message-sink" \
      org.opencontainers.image.description="A mailbox that keeps what Marquee would have sent"
COPY --from=message-sink-own /app /app
CMD ["message-sink"]

FROM runtime AS audit
LABEL org.opencontainers.image.title="marquee-audit" \
      org.opencontainers.image.description="Looks each hour whether what must always be true of Marquee's data is"
COPY --from=shared /opt/venv /opt/venv
COPY --from=audit-own /opt/own /opt/own
COPY --from=audit-own /app /app
CMD ["audit"]

FROM runtime AS service
COPY --from=shared /opt/venv /opt/venv
COPY --from=service-own /opt/own /opt/own
COPY --from=service-own /app /app
CMD ["web"]
ARG PROJECT
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="marquee ${PROJECT}" \
      org.opencontainers.image.description="A service of the Marquee movie-booking platform" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}"
