# What golang:1.26-bookworm is to the Dockerfile, made of what the machine has: a shell here, Go and its modules as volumes.
FROM scratch
COPY rootfs /
ENV PATH=/usr/local/go/bin:/bin HOME=/root GOTOOLCHAIN=local GOPROXY=file:///modules GOSUMDB=off GOFLAGS=-p=2
