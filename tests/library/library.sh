#!/bin/sh
# The library is installed, and one program built with it in every way there is: library.sh BUILD LIBDIR. What it prints is what the
# command line stores of the same sentences.
set -eu

build=$1
here=$(cd "$(dirname "$0")" && pwd)
run=$(realpath "$here/../data/demo-run")
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >"$work/install.log"
mv "$work/prefix" "$work/moved" # nothing in it speaks of where it was built or installed first
prefix=$work/moved
lib=$prefix/$2
export PKG_CONFIG_PATH="$lib/pkgconfig" LD_LIBRARY_PATH="$lib"
cd "$work"

strict='-std=c17 -Wall -Wextra -Wpedantic -Werror -O1'
# shellcheck disable=SC2046,SC2086 # lists of flags
{
    cc $strict "$here/example.c" -o by_pkg_config $(pkg-config --cflags --libs spectail)
    cc $strict "$here/example.c" -o static $(pkg-config --cflags spectail) "$lib/libspectail.a" \
        $(pkg-config --static --libs spectail | sed 's/-lspectail//g')
    # Each header says all that it needs.
    find "$prefix/include/spectail" -name '*.h' >headers
    while read -r header; do
        printf '#include "%s"\ntypedef int spt_not_empty;\n' "$header" >alone.c
        cc $strict -fsyntax-only $(pkg-config --cflags spectail) alone.c
    done <headers
}

mkdir project
cat >project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES C)
find_package(spectail 0.1 REQUIRED)
add_executable(by_cmake ${EXAMPLE})
target_link_libraries(by_cmake PRIVATE spectail::spectail)
add_executable(by_cmake_static ${EXAMPLE})
target_link_libraries(by_cmake_static PRIVATE spectail::spectail_static)
END
cmake -S project -B project/build -DCMAKE_PREFIX_PATH="$prefix" -DEXAMPLE="$here/example.c" >cmake.log
cmake --build project/build >>cmake.log

# Nothing is exported but what the headers declare, and what gcc names itself.
nm -D --defined-only "$lib/libspectail.so" | awk '{print $3}' | grep -v '^\.' | sort >exported
while read -r name; do
    grep -qrE "\b$name\b" "$prefix/include/spectail" && continue
    echo "$name is exported, and no public header declares it"
    exit 1
done <exported

head -n 20 "$prefix/share/spectail/probes/stem-500.txt" >sentences.txt
"$prefix/bin/spectail" sweep "$run" --probe sentences.txt --steps 8000:8000 --metrics sink.first_excess --db store.db --quiet >/dev/null
"$prefix/bin/spectail" export --db store.db --format csv --metrics sink.first_excess |
    awk -F, '$6 >= 0 && $7 == -1 {printf "layer %d: %.6f [%.6f, %.6f]\n", $6, $8, $10, $11}' >expected
[ "$(wc -l <expected)" -gt 1 ]
for program in by_pkg_config static project/build/by_cmake project/build/by_cmake_static; do
    "./$program" "$run" <sentences.txt >found
    diff expected found || { echo "$program prints another result than the command line"; exit 1; }
done
if ./static "$work" <sentences.txt 2>failed; then exit 1; fi
grep -q 'no checkpoint' failed
