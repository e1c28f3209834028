# What every script in dev/ uses to speak, and to look at ports. Sourced, not run.

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1; }

# port_taken PORT tells whether anything on this machine answers on the port.
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# need_free_port PORT VARIABLE PURPOSE ends the script when the port is taken.
need_free_port() {
  port_taken "$1" || return 0
  local holder=
  if command -v ss >/dev/null; then
    holder=$(ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 's/.*users:((\("[^"]*"\),pid=\([0-9]*\).*/ by \1 (process \2)/p' | head -n 1)
  fi
  die "port $1, wanted for $3, is taken${holder:-; to see by what, run: ss -ltnp 'sport = :$1'}. Stop that program, or choose another port with $2."
}
