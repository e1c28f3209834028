# The portal's image: one static binary, no shell, not root.
#
#   docker build -t slipway:dev --build-arg VERSION=0.1.0 .

FROM node:22-bookworm-slim AS assets
WORKDIR /src/web/static
COPY web/static/package.json web/static/package-lock.json web/static/.npmrc ./
RUN npm ci
# Tailwind reads the views to learn which classes are in use.
COPY web/templates/ ../templates/
COPY web/static/ ./
RUN npm run build

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY charts/ charts/
COPY cmd/ cmd/
COPY internal/ internal/
COPY web/ web/
COPY --from=assets /src/web/static/dist/ web/static/dist/
ARG VERSION=dev
# SQLite is C; linked statically it needs nothing of the system. Names and users are looked up by Go's
# own code, and SQLite loads no extensions: both would want a dynamic linker.
RUN CGO_ENABLED=1 go build -trimpath -tags netgo,osusergo,sqlite_omit_load_extension \
      -ldflags "-s -w -extldflags -static -X main.version=${VERSION}" \
      -o /out/portal ./cmd/portal \
 && mkdir -p /out/files/var/lib/slipway && mkdir -m 1777 /out/files/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /out/files/ /
COPY --from=build /out/portal /portal
USER 65532:65532
WORKDIR /var/lib/slipway
EXPOSE 8080
ENTRYPOINT ["/portal"]
CMD ["serve", "--config", "/etc/slipway/portal.yaml"]
