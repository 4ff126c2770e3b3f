#!/bin/sh
# Makes the folders of an image small, and the same to the byte however often they are made.
set -eu
# What only translators and debuggers read, and of Babel's thousand locales those that notify does not speak.
find "$@" \( -name '*.po' -o -name '*.map' \) -delete
find "$@" -path '*/babel/locale-data/*.dat' ! -name 'root.dat' ! -name 'en*.dat' ! -name 'vi*.dat' -delete
# Bytecode that is tied to no file time, as nothing can be compiled later in a read-only container.
python -m compileall -q --invalidation-mode unchecked-hash "$@"
find "$@" -exec touch --no-dereference --date=@0 {} +
