# The image of Carillon: one static binary, no shell, no package manager, a user without rights.
#
#   docker build --build-arg VERSION=1.2.3 -t carillon:1.2.3 .
#   docker run --read-only -v carillon:/var/lib/carillon -v ./carillon.yaml:/etc/carillon/carillon.yaml:ro carillon:1.2.3
#   docker run --read-only --tmpfs /tmp carillon:1.2.3 demo
#
# For another machine: docker build --platform linux/arm64. The compiler runs on the machine that builds; nothing is emulated.

# Both bases can be replaced, by a mirror or by pinned digests.
ARG BUILDER=docker.io/library/golang:1.26-bookworm
ARG BASE=gcr.io/distroless/static-debian12:nonroot

FROM --platform=$BUILDPLATFORM ${BUILDER} AS build
WORKDIR /src
# Modules have a layer of their own: they change less often than the source.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
ARG TARGETOS=linux
ARG TARGETARCH
# Without cgo the binary needs nothing of the base. -s -w leaves out what only a debugger reads.
RUN CGO_ENABLED=0 GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X main.version=${VERSION}" -o /out/carillon ./cmd/carillon && \
    mkdir -p /out/data

FROM ${BASE}
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="carillon" \
      org.opencontainers.image.description="Routes Amazon Chime SDK notifications: each event once, in order, to every system" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/carillon /carillon
# The journal. It belongs to the user of the image, and so does a new volume that is mounted here. Declared as a volume it can be
# written with a read-only root file system, and it does not vanish with the container.
COPY --from=build --chown=65532:65532 /out/data /var/lib/carillon
VOLUME /var/lib/carillon
WORKDIR /var/lib/carillon
USER 65532:65532
# 8080: SNS and EventBridge. 9464: operators, when admin.listen says ":9464"; by default only the container itself reaches it.
EXPOSE 8080 9464
# SIGTERM drains within shutdown.drain (20 s): give docker stop more time than that, "docker stop --time 45".
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=10s --retries=3 \
  CMD ["/carillon", "health", "-c", "/etc/carillon/carillon.yaml"]
ENTRYPOINT ["/carillon"]
CMD ["run", "-c", "/etc/carillon/carillon.yaml"]
