# What gcr.io/distroless/static-debian12 is to the Dockerfile: certificates, two users, /tmp, and nothing that runs.
FROM scratch
COPY rootfs /
USER 65532
