#!/usr/bin/env bash
# Makes one release: builds, checks, and writes archive, wheel, checksums and bill of materials.
#
#     packaging/release.sh [--install-tools] [TARGET] [DIR]
#     packaging/release.sh --check TAG REPOSITORY
#
# TARGET is the machine's own unless said; DIR is dist unless said. A forge's CI file needs to call
# nothing else. On Linux the binary is static: through musl where that target and a C compiler for it
# are installed (`rustup target add x86_64-unknown-linux-musl`, musl-tools), through the GNU C
# library's static archive otherwise; which one it was is said at the end. `--install-tools` fetches
# cargo-auditable and cargo-cyclonedx. `--check` builds nothing: it fails unless TAG is the version
# and Cargo.toml names REPOSITORY, where `cargo binstall` looks for the archive.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
if [ "${1:-}" = --check ]; then
    [ "${2:-}" = "v$version" ] || { echo "the tag is ${2:-none}, and Cargo.toml says $version: tag v$version"; exit 1; }
    repository=$(sed -n 's/^repository = "\(.*\)"/\1/p' Cargo.toml)
    [ -n "${3:-}" ] && [ "$repository" = "$3" ] || {
        echo "Cargo.toml names ${repository:-no repository}, and cargo binstall looks there: repository = \"${3:-}\""
        exit 1
    }
    exit 0
fi
if [ "${1:-}" = --install-tools ]; then
    shift
    cargo install --locked cargo-auditable cargo-cyclonedx
fi
for tool in auditable cyclonedx; do
    command -v "cargo-$tool" >/dev/null \
        || { echo "cargo-$tool is missing: packaging/release.sh --install-tools"; exit 1; }
done

host=$(rustc -vV | sed -n 's/^host: //p')
musl=${host/-gnu/-musl}
target=${1:-$host}
if [ -z "${1:-}" ] && [ "$musl" != "$host" ] && rustc --print target-libdir --target "$musl" >/dev/null 2>&1 \
    && [ -d "$(rustc --print target-libdir --target "$musl")" ] && command -v musl-gcc >/dev/null; then
    target=$musl
fi
case $target in
    *-linux-gnu)
        export RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static"
        linked="static, with the GNU C library"
        ;;
    *-linux-musl) linked="static, with musl" ;;
    *) linked="with the C library of its machine" ;;
esac

dist=${2:-dist}
rm -rf "$dist"
mkdir -p "$dist"
dist=$(cd "$dist" && pwd)
name=llmspan-$version-$target
built=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/$target/release

# The list of crates is inside the binary (`cargo audit bin`), and beside it.
cargo auditable build --release --locked --features remote --target "$target"
cargo cyclonedx --format json --features remote --override-filename "$name.cdx" --target "$target"
mv "$name.cdx.json" "$dist/"

# What is shipped is what is checked: the file that goes into the archive diagnoses the shipped
# incident. It is set aside, for the wheel's build puts its own in its place.
aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT
cp "$built/llmspan" "$aside/"
binary=$aside/llmspan
"$binary" --version | grep -F "$version"
if command -v ldd >/dev/null && [[ $target == *-linux-* ]]; then
    { ldd "$binary" 2>&1 || true; } | grep -Eq "statically linked|not a dynamic executable" \
        || { echo "$binary is not static"; exit 1; }
fi
if command -v readelf >/dev/null && [[ $target == *-linux-* ]]; then
    readelf --wide --sections "$binary" | grep -F .dep-v0 >/dev/null || { echo "no list of crates in $binary"; exit 1; }
fi
"$binary" diagnose testdata/incidents/010/spans.parquet --window 05:01-05:11 --format json >"$dist/check.json"
grep -q '"cause": *"region_change"' "$dist/check.json" || { echo "the shipped incident is misjudged"; exit 1; }
rm "$dist/check.json"

# Of the same crates, which are compiled by now.
LLMSPAN_TARGET=$target packaging/wheel.sh release "$dist"

# What goes into the archive.
mkdir -p "$dist/$name/completions" "$dist/$name/man"
cp "$binary" README.md LICENSE CHANGELOG.md "$dist/$name/"
"$binary" man -o "$dist/$name/man" >/dev/null
for shell in bash zsh fish; do
    "$binary" completions "$shell" >"$dist/$name/completions/llmspan.$shell"
done
# Same input, same bytes: the archive carries the commit's time and no owner.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
    -C "$dist" -cf - "$name" | gzip -n >"$dist/$name.tar.gz"
rm -r "${dist:?}/$name"

(cd "$dist" && sha256sum llmspan-* >SHA256SUMS)
echo "$(wc -c <"$binary") bytes, ${linked:-}: $name"
ls -l "$dist"
