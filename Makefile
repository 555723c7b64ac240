# all      both modules               make CC=clang works as well
# install  modules and conf, honours DESTDIR
# check    what build/check runs after it has installed what is missing
# SAN=1    everything under AddressSanitizer and UBSan, in a folder of its own
include build/rules.mk
