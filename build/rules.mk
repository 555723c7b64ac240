# How the house is built. Rooms may include what stands below them only: lib/httpd and the
# doors see httpd's headers; every other room is compiled with APR's alone.
APXS       ?= apxs
PKG_CONFIG ?= pkg-config
CC         ?= cc
OUT        ?= build/out$(if $(SAN),-san)
comma      := ,
SANFLAGS   := $(if $(SAN),-fsanitize=address$(comma)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)

WARN    := -std=c11 -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror
OPT     ?= -O2 -g
# jansson, openssl, curl and apr take no -isystem flags from pkg-config, so ours are rewritten:
# a warning inside somebody else's header is not ours to mend.
system   = $(patsubst -I%,-isystem %,$(1))
DEPS    := jansson libcrypto libcurl lmdb libpcre2-8
ifeq ($(filter clean check demo,$(MAKECMDGOALS))$(shell $(PKG_CONFIG) --exists $(DEPS) && command -v $(APXS)),)
$(error Libraries or apxs are missing. Run build/deps first)
endif
CORE_INC  := $(call system,$(shell apr-1-config --includes) $(shell apu-1-config --includes) $(shell $(PKG_CONFIG) --cflags-only-I $(DEPS)))
HTTPD_INC := -isystem $(shell $(APXS) -q INCLUDEDIR)
BASE    := $(WARN) $(OPT) -fPIC -fvisibility=hidden -D_GNU_SOURCE $(shell apr-1-config --cppflags) -Iinclude $(SANFLAGS)
CFLAGS_CORE  := $(BASE) $(CORE_INC)
CFLAGS_HTTPD := $(BASE) $(CORE_INC) $(HTTPD_INC)
LIBS    := $(shell $(PKG_CONFIG) --libs $(DEPS)) $(shell apu-1-config --link-ld) $(shell apr-1-config --link-ld)

CORE_SRC  := $(wildcard lib/base/*.c lib/ports/*.c lib/token/*.c lib/oauth/*.c lib/rpc/*.c)
HTTPD_SRC := $(wildcard lib/httpd/*.c)
CORE_OBJ  := $(CORE_SRC:%.c=$(OUT)/%.o)
HTTPD_OBJ := $(HTTPD_SRC:%.c=$(OUT)/%.o)
DOORS     := $(basename $(wildcard mod_*.c))
MODULES   := $(DOORS:%=$(OUT)/%.so)
UNIT      := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ      := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

# Made on the way to the modules, and kept.
.SECONDARY: $(DOORS:%=$(OUT)/%.o)
.PHONY: all lib tools unit fuzz replay check install demo bench proxy-bench clean
all: $(MODULES)
lib: $(OUT)/libmcp.a
unit: $(UNIT)
	@set -e; for t in $^; do echo "== $${t##*/}"; $$t; done
# Fuzz targets are replayed over their corpus with a plain driver; `make fuzz` builds libFuzzer binaries.
replay: $(FUZZ)
	@set -e; for t in $^; do n=$${t##*/fuzz_}; $$t tests/fuzz/corpus/$$n; done
fuzz: $(FUZZ:$(OUT)/fuzz/%=$(OUT)/libfuzzer/%)
# Figures, never verdicts: the scanner beside jansson (and simdjson where it is installed), tokens made, verified and found again.
# The whole proxy beside others is measured by tests/bench/run and tests/bench/instructions, which make what they need by proxy-bench.
SIMDJSON := $(shell $(PKG_CONFIG) --exists simdjson 2>/dev/null && echo $(OUT)/bench/simdjson.so)
bench: $(OUT)/bench/scan $(OUT)/bench/mint $(OUT)/bench/seen $(SIMDJSON)
	$(OUT)/bench/scan 0.05 $(SIMDJSON)
	$(OUT)/bench/mint $(OUT)/bench/key.pem
	$(OUT)/bench/seen
proxy-bench: all tools $(OUT)/bench/responder $(OUT)/bench/tokens
check:
	build/check
demo:
	build/demo

$(OUT)/libmcp.a: $(CORE_OBJ)
	@rm -f $@; $(AR) rcs $@ $^
$(OUT)/libmcp_httpd.a: $(HTTPD_OBJ)
	@rm -f $@; $(AR) rcs $@ $^

# httpd loads modules with global symbols: each must export its module record alone.
$(OUT)/mod_%.so: $(OUT)/mod_%.o $(OUT)/libmcp_httpd.a $(OUT)/libmcp.a
	$(CC) -shared $(SANFLAGS) -o $@ $^ -Wl,--exclude-libs,ALL -Wl,-z,relro,-z,now $(LIBS)

$(OUT)/lib/httpd/%.o: lib/httpd/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_HTTPD) -MMD -c -o $@ $<
$(OUT)/mod_%.o: mod_%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_HTTPD) -MMD -c -o $@ $<
$(OUT)/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_CORE) -MMD -c -o $@ $<

# Small programs that the http tests call.
tools: $(OUT)/tools/mint $(OUT)/tools/scan
$(OUT)/tools/%: tests/tools/%.c $(OUT)/libmcp.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_CORE) -MMD -o $@ $< $(OUT)/libmcp.a $(LIBS)
$(OUT)/bench/%: tests/bench/%.c $(OUT)/libmcp.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_CORE) -MMD -o $@ $< $(OUT)/libmcp.a $(LIBS)
$(OUT)/bench/simdjson.so: tests/bench/simdjson.cc
	@mkdir -p $(@D)
	$(CXX) -std=c++17 -Wall -Wextra -O2 -fPIC -shared -o $@ $< $(shell $(PKG_CONFIG) --cflags --libs simdjson)
$(OUT)/unit/%: tests/unit/%.c $(OUT)/libmcp.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_CORE) -Itests/unit -MMD -o $@ $< $(OUT)/libmcp.a -lcmocka $(LIBS)
$(OUT)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c $(OUT)/libmcp.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_CORE) -Wno-missing-prototypes -MMD -o $@ $< tests/fuzz/replay.c $(OUT)/libmcp.a $(LIBS)
$(OUT)/libfuzzer/%: tests/fuzz/%.c $(CORE_SRC)
	@mkdir -p $(@D)
	clang $(filter-out -Werror,$(CFLAGS_CORE)) -fsanitize=fuzzer,address,undefined -o $@ $< $(CORE_SRC) $(LIBS)

# A .conf that is already there may hold the administrator's own lines and is left alone.
install: MODULE_DIR = $(DESTDIR)$(shell $(APXS) -q LIBEXECDIR)
install: CONF_DIR = $(DESTDIR)$(shell $(APXS) -q SYSCONFDIR)/mods-available
install: all
	install -d $(MODULE_DIR) $(CONF_DIR)
	install -m 644 $(MODULES) $(MODULE_DIR)
	install -m 644 conf/*.load $(CONF_DIR)
	for f in conf/*.conf; do test -e $(CONF_DIR)/$${f##*/} || install -m 644 $$f $(CONF_DIR); done

clean:
	rm -rf build/out build/out-san

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
