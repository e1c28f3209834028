# Checks that the machine has what building takes, and on Debian, as root, installs what it lacks.
# Sourced after say.sh.

# Debian's packages for the commands that scripts ask for.
package_of() {
  case $1 in
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

# need COMMAND... installs or names what is missing.
need() {
  local command missing=()
  for command in "$@"; do has "$command" || missing+=("$command"); done
  if [ ${#missing[@]} -gt 0 ]; then
    install_or_die "${missing[@]}"
  fi
  case " $* " in *" go "*) need_version go "$(go env GOVERSION | sed 's/^go//')" 1.26.0 ;; esac
  case " $* " in *" node "*) need_version node "$(node --version | sed 's/^v//')" 20.11.0 ;; esac
}

install_or_die() {
  case " $* " in *" go "*) die "Go is missing. Install Go 1.26 or newer (distributions' packages are often older) and put it into the PATH." ;; esac
  local packages
  packages=$(for command in "$@"; do package_of "$command"; done | tr ' ' '\n' | sort -u | tr '\n' ' ')
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    die "missing: $*. Install them and try again (on Debian: apt-get install $packages)"
  fi
  say "Installing ${packages% }"
  local log
  log=$(mktemp)
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    die "apt-get could not install $packages"
  fi
  rm -f "$log"
}

# need_version NAME FOUND LEAST
need_version() {
  [ "$(printf '%s\n%s\n' "$3" "$2" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$3" ] ||
    die "$1 is version $2; Slipway needs $3 or newer"
}
