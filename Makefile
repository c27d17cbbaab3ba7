# SPDX-License-Identifier: GPL-2.0
# Building wpool out of the kernel tree, and everything around it. See `make help`.

KERNELRELEASE_WANTED := $(or $(KERNELRELEASE),$(shell uname -r))
KERNELDIR ?= $(or $(KERNEL_SRC),/lib/modules/$(KERNELRELEASE_WANTED)/build)

.PHONY: all modules modules_install clean help check demo lint selftest torture model stress mutants bench \
	coverage deb outputs html outside

all: modules

modules: headers
	$(MAKE) -C $(KERNELDIR) M=$(CURDIR) modules

modules_install: headers asked
	$(MAKE) -C $(KERNELDIR) M=$(CURDIR) modules_install

# kbuild installs what was made last, whatever is asked for now. What nobody asked to
# install is not installed, and not unmade either: that may be root here.
.PHONY: asked
asked:
	@test -n '$(WPOOL_TESTS)$(WPOOL_SAMPLES)' || \
		! grep -qsvE '^(.*/)?wpool\.k?o$$' modules.order || { \
		echo "Tests or samples were made here, too: run make without them first,"; \
		echo "or say make modules_install WPOOL_TESTS=... WPOOL_SAMPLES=... to install them."; \
		exit 1; }

clean:
	@scripts/clean

.PHONY: headers
headers:
	@test -e $(KERNELDIR)/Makefile || { \
		echo "No kernel headers in $(KERNELDIR)."; \
		echo "On Debian: apt-get install linux-headers-$(KERNELRELEASE_WANTED)"; \
		echo "For another kernel: make KERNELDIR=/path/to/its/build/folder"; \
		exit 1; }

# What only one of the kernels, or of the tests that need root, needs: packages of that name.
WANTED = $(patsubst %-debug,%,$(K) $(KERNEL))
ARCHES = arm64 i386 s390x riscv64
FOREIGN = $(if $(filter all,$(K)),$(ARCHES) clang install view) \
	$(filter $(ARCHES) install view,$(WANTED)) $(if $(filter disk debug-disk,$(K)),view) \
	$(if $(filter clang kmsan,$(WANTED)),clang)

# The inner loop: one suite (or a glob, or several with commas), one kernel.
#   make check K=uml TEST=wpool_submit
#   make check K=debug TEST=wpool_submit CPUS=2 REPEAT=50
check:
	@scripts/packages build test $(FOREIGN)
	@scripts/check $(if $(K),--kernel '$(K)') $(if $(TEST),--test '$(TEST)') \
		$(if $(CPUS),--cpus $(CPUS)) $(if $(NODES),--nodes $(NODES)) \
		$(if $(REPEAT),--repeat $(REPEAT))

selftest:
	@scripts/packages build test clang $(FOREIGN)
	@scripts/selftest $(if $(K),--kernel '$(K)')

# Random use of everything at once: make torture MINUTES=10 KERNEL=debug CPUS=2
# PAIRS=1: and no pair of acts is missed without a reason in scripts/pairs.unmet; some runs
# of some minutes each, with other seeds, together.
torture:
	@scripts/packages build test $(FOREIGN)
	@scripts/torture $(if $(MINUTES),--minutes $(MINUTES)) \
		$(if $(or $(KERNEL),$(K)),--kernel $(or $(KERNEL),$(K))) \
		$(if $(CPUS),--cpus $(CPUS)) $(if $(NODES),--nodes $(NODES)) \
		$(if $(SEED),--seed $(SEED)) $(if $(PAIRS),--pairs) $(if $(WORDS),--words '$(WORDS)')

# SPIN's models of the protocols, as they are and with each error in its turn.
model:
	@scripts/packages model
	@scripts/prove

# Try to take it down, at full size: make stress; less of it: KERNEL=debug CPUS=2 SHARE=100
stress:
	@scripts/packages build test $(FOREIGN)
	@scripts/stress $(if $(or $(KERNEL),$(K)),--kernel $(or $(KERNEL),$(K))) \
		$(if $(CPUS),--cpus $(CPUS)) $(if $(SHARE),--share $(SHARE)) \
		$(if $(PART),--part $(PART))

# Plant bugs and see the tests notice: make mutants ONLY='lost-slot double-put'
# Bugs that a machine makes, a random sample: make mutants SAMPLE=200 SEED=14
# A run that was stopped goes on; SHARD=1/2 and 2/2 run beside each other; PART=code|ordering.
mutants:
	@scripts/packages build test $(if $(SAMPLE),$(if $(filter code,$(PART)),,arm64))
	@scripts/mutate $(if $(SAMPLE),--sample '$(SAMPLE)') $(if $(SEED),--seed '$(SEED)') \
		$(if $(SHARD),--shard '$(SHARD)') $(if $(PART),--part '$(PART)') $(ONLY)

# Which lines the tests reach: make coverage; make coverage TEST=wpool_submit of some alone
coverage:
	@scripts/packages build test coverage
	@scripts/coverage $(if $(K),--kernel '$(K)') $(if $(TEST),--test '$(TEST)') \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(OUT),--out '$(OUT)')

demo:
	@scripts/packages build test $(if $(DISK),view bench)
	@scripts/demo $(if $(FILE),--file '$(FILE)') $(if $(TOUR),--tour) $(if $(DISK),--disk) \
		$(if $(OUT),--out '$(OUT)')

# Beside everything else: make bench K=uml OUT=folder WORKS='empty,chain'
# Beside another commit of its own: make bench COMPARE=HEAD~3
bench:
	@scripts/packages build test bench $(if $(DISK)$(CYCLICTEST),view)
	@scripts/bench $(if $(K),--kernel '$(K)') $(if $(OUT),--out '$(OUT)') \
		$(if $(WORKS),--works '$(WORKS)') $(if $(CURVE),--curve) $(if $(ICOUNT),--icount) \
		$(if $(COUNTS),--counts) \
		$(if $(CPUS),--cpus $(CPUS)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(COMPARE),--compare '$(COMPARE)') $(if $(DISK),--disk) \
		$(if $(CYCLICTEST),--cyclictest)

# What is made by scripts in README.md and Documentation/: what an administrator sees, and the pictures.
outputs:
	@scripts/packages build test view
	@scripts/outputs
	@scripts/pictures

# The documentation, and the kernel-doc of every call, in OUT=build/html.
html:
	@scripts/packages build html
	@scripts/htmldoc $(if $(OUT),--out '$(OUT)')

# Modules that nobody here wrote, moved over from workqueues, beside themselves: make outside ONLY=crypt
# With KASAN, lockdep and kmemleak: KERNEL=debug-disk
outside:
	@scripts/packages build test outside
	@scripts/outside $(if $(or $(KERNEL),$(K)),--kernel $(or $(KERNEL),$(K))) \
		$(if $(PARTS),--parts '$(PARTS)') $(if $(ROUNDS),--rounds $(ROUNDS)) $(ONLY)

# The Debian packages, in OUT=build.
deb:
	@scripts/packages deb
	@scripts/deb $(if $(OUT),--out '$(OUT)')

lint:
	@scripts/packages build lint
	@scripts/lint

help:
	@echo 'make                  build wpool.ko for the running kernel'
	@echo '                      (KERNELDIR= or KERNEL_SRC= names another one)'
	@echo '                      WPOOL_SAMPLES=1 WPOOL_TESTS=1 make those, too, or some by name:'
	@echo '                      "first hello crc scrub walk serve disk mirror tour bench", "kunit torture stress"'
	@echo 'make modules_install  install what was asked for: wpool.ko alone'
	@echo 'make deb              build the Debian packages wpool-dkms, wpool-dev, wpool-tools (OUT=build)'
	@echo 'make outputs          put into the documents what an administrator sees, and make their pictures again'
	@echo 'make html             the documentation as HTML, with every call described (OUT=build/html)'
	@echo 'make clean            remove what was built for this checkout'
	@echo 'make demo             see it work on a stock kernel (FILE= to checksum your own file)'
	@echo '                      TOUR=1: every feature once, a line each'
	@echo '                      DISK=1: a filesystem on a disk of tasks, and a picture of its pool'
	@echo 'make check            run the quick tests (K=all: all); ends with "N passed, N failed"'
	@echo '                      K=uml|debug|kcsan TEST=suite CPUS=n NODES=n REPEAT=n run a part of them'
	@echo '                      K=stock the module as a user has it'
	@echo '                      K=cpus the suites on debug with 1 and 4 CPUs'
	@echo '                      K=6.12|7.2|next|rt|rt-debug|arm64|arm64-debug|i386|i386-debug|s390x|'
	@echo '                      s390x-debug|riscv64|riscv64-debug|clang|kmsan|corners|all where else it runs:'
	@echo '                      Documentation/dev/lanes.md'
	@echo '                      K=install the packages, installed in a Debian of their own'
	@echo '                      K=tree in the tree of a kernel, built in and as modules, by kunit.py'
	@echo '                      K=view wpool-top and the other viewers, with programs of a Debian'
	@echo '                      K=disk the sample wpool_disk: filesystems, deaths, power cuts, swap;'
	@echo '                      K=debug-disk the same with KASAN, lockdep and kmemleak'
	@echo 'make torture MINUTES=1 CPUS=2 NODES=1 KERNEL=uml, or any lane that is one kernel'
	@echo '                      use everything at once, at random'
	@echo 'make stress KERNEL=stock CPUS=8 SHARE=1 try to take it down, at 1/SHARE of the full size'
	@echo 'make bench            measure it beside everything else (some minutes)'
	@echo '                      K=uml|6.12|7.2 OUT=folder WORKS=some CURVE=1 ICOUNT=1 CPUS=n ROUNDS=n'
	@echo '                      COUNTS=1 wake-ups, switches and IPIs instead of times; K=locks: locks too'
	@echo '                      COMPARE=rev beside that commit alone, loaded in turn in one boot'
	@echo '                      DISK=1 fio on wpool_disk, on a loop device and on null_blk'
	@echo '                      CYCLICTEST=1 how late a real-time thread wakes on PREEMPT_RT, under load'
	@echo 'make outside          dm-crypt, dm-verity and ovpn-dco, moved over by scripts/from-workqueue,'
	@echo '                      beside themselves: tests and figures (ONLY=crypt|verity|ovpn|ovpn-shared'
	@echo '                      PARTS="some tests" ROUNDS=n of what is measured); KERNEL=debug-disk with'
	@echo '                      KASAN, lockdep and kmemleak'
	@echo 'make selftest         prove that a run with a fault in it fails (K=rt|arm64: there)'
	@echo 'make model            prove the models of sleeping, waking and teardown'
	@echo 'make mutants          plant bugs, one at a time (ONLY= some), and see the tests notice each'
	@echo '                      SAMPLE=n SEED=s SHARD=i/k PART=code|ordering so many that are made by machine'
	@echo 'make coverage         which lines the tests reach; one that none does must be explained'
	@echo '                      TEST=suite MINUTES=1 (of torture) OUT=folder'
	@echo 'make lint             check the sources'
