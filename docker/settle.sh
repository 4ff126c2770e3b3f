#!/bin/sh
# Makes the folders of an image small, and the same to the byte however often they are made.
set -eu
# What only translators, debuggers, type checkers and compilers read, packages' tests of themselves, and of Babel's
# thousand locales those that neither notify nor the shop speaks.
find "$@" \( -name '*.po' -o -name '*.map' -o -name '*.pyi' -o -name '*.proto' \) -delete
find "$@" \( -path '*/tornado/test/*' -o -path '*/jsonschema/tests/*' -o -path '*/referencing/tests/*' \) -delete
find "$@" -path '*/babel/locale-data/*.dat' ! -name 'root.dat' ! -name 'en*.dat' ! -name 'vi*.dat' ! -name 'de*.dat' ! -name 'ja*.dat' -delete
# Bytecode that is tied to no file time, as nothing can be compiled later in a read-only container.
python -m compileall -q --invalidation-mode unchecked-hash "$@"
find "$@" -exec touch --no-dereference --date=@0 {} +
