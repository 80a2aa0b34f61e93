# Uphold in a container: docs/docker.md says how to run it.
#
#   docker build -t uphold .

FROM rust:1.95-slim-bookworm AS build
# For SQLite and ring, which have parts in C.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p uphold

FROM debian:bookworm-slim
# Authorities and time zones are in the program. Browser checks need `chromium` and `chromium-driver` besides.
RUN groupadd --system --gid 950 uphold \
    && useradd --system --uid 950 --gid uphold --home-dir /var/lib/uphold --no-create-home --shell /usr/sbin/nologin uphold \
    && install -d -m 0700 -o uphold -g uphold /var/lib/uphold
COPY --from=build /src/target/release/uphold /usr/bin/uphold
COPY packaging/docker-healthy /usr/libexec/uphold-healthy
USER uphold
WORKDIR /var/lib/uphold
# The ledger. The files of the agreement are mounted, read only, at /etc/uphold.
VOLUME ["/var/lib/uphold"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["/usr/libexec/uphold-healthy"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/uphold"]
# People may sign in through an identity provider too (docs/sign-in.md): give the whole command line after the image's name, with
# `--sign-in /etc/uphold/sign-in.toml`. Its secret is one line in a file that user 950 alone can read.
CMD ["serve", "--agreement", "/etc/uphold/agreement.toml", "--checks", "/etc/uphold/checks.toml", "--data", "/var/lib/uphold", "--listen", "0.0.0.0:8080"]
