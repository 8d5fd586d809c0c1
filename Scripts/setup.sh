# Sets Glint up: Debian packages, the OpenVINO runtime, the release binary. Sourced by `glint` and
# `Scripts/swift`, which set `root` (the checkout, without symbolic links) and `set -euo pipefail`.
# All messages go to standard error; standard output is the command's.

openvino_version=2026.4.1
openvino_sha256=2d22b1da03f7caf74df30e9f6417d0ab2f637e4a38e08e1dcd294d2c37407aaf
openvino_id="openvino $openvino_version sha256:$openvino_sha256, with licenses and its C++ interface"
[[ -z ${GLINT_OPENVINO-} ]] || openvino_id="linked $GLINT_OPENVINO, with its C++ interface"

runtime=$root/.runtime
openvino=$runtime/openvino
binary=$root/.build/x86_64-unknown-linux-gnu/release/glint
built=$root/.build/glint.built # its date is the start of the binary's build

# One configuration for the command line and the tests, so that nothing is compiled twice. The
# relative rpath allows a checkout to be moved; binary and test bundle are in the same folder.
swift_flags=(-c release -Xswiftc -enable-testing
    -Xlinker -rpath -Xlinker '$ORIGIN/../../../.runtime/openvino/lib')

say() { printf 'glint: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# --- Checks of what is installed: quick, without network -------------------------------------------

have_openvino() {
    local id
    { read -r id < "$openvino/id"; } 2>/dev/null && [[ $id == "$openvino_id" ]]
}

# Directories are compared too: removing a file changes its directory's date.
have_binary() {
    [[ -x $binary && -f $built ]] && [[ -z $(find "$root/Package.swift" "$root/Sources" \
        "$root/Scripts/setup.sh" "$openvino/id" -newer "$built" -print -quit) ]]
}

# --- Debian packages -------------------------------------------------------------------------------

find_pip() {
    local candidate
    for candidate in "python3 -m pip" pip3 pip; do
        if $candidate --version < /dev/null &> /dev/null; then pip=$candidate; return; fi
    done
    return 1
}

# missing_packages FILE, which has the form of Scripts/debian-packages.
missing_packages() {
    local package kind name
    while read -r package kind name; do
        case $kind:$name in
        library:*) pkg-config --exists "$name" 2> /dev/null ;;
        header:*) [[ -e /usr/include/$name ]] ;;
        file:*) [[ -e $name ]] ;;
        fetch:pip) have_openvino || [[ -n ${GLINT_OPENVINO-} ]] || find_pip ;;
        fetch:*) have_openvino || [[ -n ${GLINT_OPENVINO-} ]] || command -v "$name" > /dev/null ;;
        tool:*) command -v "$name" > /dev/null ;;
        esac || printf '%s\n' "$package"
    done < <(grep -v '^#' "$1")
}

# install_packages [FILE]
install_packages() {
    local missing command as_root=()
    mapfile -t missing < <(missing_packages "${1-$root/Scripts/debian-packages}")
    ((${#missing[@]})) || return 0
    command -v apt-get > /dev/null ||
        fail "missing packages (Debian's names): ${missing[*]}; install them with your package manager"
    command="sudo apt-get update && sudo apt-get install -y ${missing[*]}"
    if ((EUID != 0)); then
        sudo -n true 2> /dev/null || fail "packages are missing; run: $command"
        as_root=(sudo -n)
    fi
    say "installing Debian packages: ${missing[*]}"
    as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    { "${as_root[@]}" update && "${as_root[@]}" install -y --no-install-recommends "${missing[@]}"; } \
        < /dev/null > "$work/apt.log" 2>&1 ||
        { cat "$work/apt.log" >&2; fail "could not install packages; run: $command"; }
}

# --- OpenVINO --------------------------------------------------------------------------------------

# Unpacks the pinned wheel into folder $1 as include/ and lib/. One wheel serves every Python version,
# since none of its Python code is run.
fetch_openvino() {
    [[ $(uname -sm) == "Linux x86_64" ]] || fail "OpenVINO is fetched for Linux on x86-64 only; this is $(uname -sm)"
    local pip quiet=() wheel
    find_pip || fail "no pip; install Python's pip"
    [[ -t 2 ]] || quiet=(--quiet)
    say "fetching OpenVINO $openvino_version (59 MB)"
    cd "$work"
    $pip download "${quiet[@]}" --no-deps --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 \
        --platform manylinux_2_28_x86_64 --dest wheel "openvino==$openvino_version" < /dev/null >&2 ||
        fail "could not fetch OpenVINO $openvino_version; check the network and run the command again"
    wheel=$(echo wheel/*.whl)
    sha256sum --check --status <<< "$openvino_sha256 *$wheel" ||
        fail "the OpenVINO wheel has SHA-256 $(sha256sum < "$wheel"), expected $openvino_sha256; run again"
    unzip -q "$wheel" 'openvino/include/*' 'openvino/libs/*' 'openvino-*/licenses/*' -d unpacked >&2 ||
        fail "could not unpack OpenVINO in $work; check the disk space and run the command again"
    mv unpacked/openvino/include "$1/include"
    mv unpacked/openvino/libs "$1/lib"
    mv unpacked/openvino-*/licenses "$1/licenses"
}

# Links the user's OpenVINO ($GLINT_OPENVINO) into folder $1. Its layout may be the wheel's (include,
# libs), the archive's (runtime/include, runtime/lib/intel64) or a prefix's (include, lib).
link_openvino() {
    local from file
    from=$(readlink -e -- "$GLINT_OPENVINO") || fail "GLINT_OPENVINO: no folder $GLINT_OPENVINO"
    for file in "$from"/{,runtime/}include; do
        if [[ -f $file/openvino/c/openvino.h ]]; then ln -sfn "$file" "$1/include"; fi
    done
    mkdir "$1/lib"
    for file in "$from"/{libs,lib,runtime/lib/intel64,runtime/3rdparty/tbb/lib}/{libopenvino,libtbb,libhwloc,cache.json}*; do
        if [[ -f $file ]]; then ln -s "$file" "$1/lib/"; fi
    done
    [[ -e $1/include && -n $(find "$1/lib" -name 'libopenvino_c.so*') ]] ||
        fail "GLINT_OPENVINO: $GLINT_OPENVINO holds no include/openvino/c/openvino.h or no libopenvino_c.so"
}

install_openvino() {
    ! have_openvino || return 0
    local new=$work/openvino libraries library
    mkdir -p "$new/pkgconfig"
    if [[ -n ${GLINT_OPENVINO-} ]]; then (link_openvino "$new"); else (fetch_openvino "$new"); fi
    libraries=("$new"/lib/libopenvino_c.so.*)
    [[ -e $new/lib/libopenvino_c.so ]] || ln -s "${libraries[0]##*/}" "$new/lib/libopenvino_c.so"
    # Paths are quoted, because SwiftPM splits the flags at spaces.
    cat > "$new/pkgconfig/openvino.pc" << 'END'
prefix=${pcfiledir}/..
Name: OpenVINO
Description: OpenVINO runtime, C API
END
    cat >> "$new/pkgconfig/openvino.pc" << END
Version: $openvino_version
Cflags: -I"\${prefix}/include"
Libs: -L"\${prefix}/lib" -lopenvino_c
END
    # The C++ interface, for libraries with custom operations. The wheel has no names without a version.
    for library in openvino tbb; do
        libraries=("$new/lib/lib$library".so.*)
        [[ -e $new/lib/lib$library.so ]] || ln -s "${libraries[0]##*/}" "$new/lib/lib$library.so"
    done
    sed -e 's/, C API/, C++ API/' -e 's/-lopenvino_c/-lopenvino -ltbb/' "$new/pkgconfig/openvino.pc" \
        > "$new/pkgconfig/openvino-runtime.pc"
    printf '%s\n' "$openvino_id" > "$new/id"
    if [[ -e $openvino ]]; then mv -T "$openvino" "$work/old"; fi
    mv -T "$new" "$openvino"
}

# --- Swift -----------------------------------------------------------------------------------------

check_swift() {
    local version="none"
    if command -v swift > /dev/null; then
        version=$(swift --version 2> /dev/null < /dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
    fi
    [[ $version =~ ^([0-9]+)\.([0-9]+)$ ]] && ((BASH_REMATCH[1] * 1000 + BASH_REMATCH[2] >= 6002)) ||
        fail "Swift 6.2 or later is needed (found: $version); install it from https://swift.org/install"
}

# run_swift build|test|run ARGUMENTS: in this checkout, with the flags above.
run_swift() (
    cd "$root"
    # All at once, hundreds of compiled networks and their threads make each other slower.
    if [[ $1 == test ]]; then set -- "$@" --experimental-maximum-parallelization-width $((2 * $(nproc))); fi
    export PKG_CONFIG_PATH=$openvino/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
    exec swift "$1" "${swift_flags[@]}" "${@:2}"
)

# The compiler's caches hold absolute paths, so they are deleted after a checkout was moved.
discard_moved_build() {
    local from=$root
    if [[ -f $root/.build/glint.root ]]; then read -r from < "$root/.build/glint.root"; fi
    if [[ $from != "$root" ]]; then rm -rf "$root"/.build/{*-linux-gnu,glint.built}; fi
    mkdir -p "$root/.build"
    printf '%s\n' "$root" > "$root/.build/glint.root"
}

# The last step counter of build log $1, as "12 of 345 steps".
build_steps() {
    tr '\r' '\n' < "$1" | sed -n 's/^\[\([0-9]*\)\/\([0-9]*\)\].*/\1 of \2 steps/p' | tail -n 1
}

# Every half minute says how far build log $1 is, until it is killed or the log is gone. Neither the lock nor the caller's
# output stay open in the sleeping process.
watch_build() {
    local steps
    while sleep 30 < /dev/null &> /dev/null && [[ -e $1 ]]; do
        steps=$(build_steps "$1")
        say "building: ${steps:-preparing} after $SECONDS s"
    done
}

build() {
    local log=$work/build.log started=$work/started watcher
    say "building Glint (some minutes the first time)"
    : > "$started"
    SECONDS=0
    if [[ -t 2 ]]; then
        # swift build shows a step counter of its own.
        { run_swift build --product glint && run_swift build --product GlintOperations; } < /dev/null >&2 ||
            fail "the build failed"
    else
        : > "$log"
        watch_build "$log" 9>&- &
        watcher=$!
        { run_swift build --product glint && run_swift build --product GlintOperations; } < /dev/null &> "$log" ||
            { cat "$log" >&2; fail "the build failed"; }
        kill "$watcher" 2> /dev/null || :
    fi
    say "built in $SECONDS s"
    mv -f "$started" "$built"
}

# --- Complete set-up -------------------------------------------------------------------------------

# Runs a command under this checkout's set-up lock. It gets an empty folder $work beside the runtime,
# from which results are renamed into place. The lock is released when the subshell ends.
exclusively() (
    mkdir -p "$runtime"
    [[ -w $runtime && -w $root ]] || fail "Glint must be set up or built again, but you can't write to $root"
    exec 9> "$runtime/lock"
    flock --nonblock 9 || { say "waiting for another set-up of this checkout"; flock 9; }
    rm -rf "$runtime"/work.* # left by killed set-ups
    work=$(mktemp -d "$runtime/work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    "$@"
)

set_up_dependencies() {
    check_swift
    install_packages
    install_openvino
    discard_moved_build
}

set_up() {
    set_up_dependencies
    if ! have_binary; then build; fi
}

# The same, and the program that reads the formats of sound that the linked libraries lack.
set_up_with_audio() {
    install_packages "$root/Scripts/audio-packages"
    set_up
}
