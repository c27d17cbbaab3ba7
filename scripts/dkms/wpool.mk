# SPDX-License-Identifier: GPL-2.0
# For the Kbuild of a module that uses wpool, one line:
#
#	include /usr/share/wpool/wpool.mk
#
# It finds wpool's headers and its symbols for the kernel that is being built: where DKMS
# keeps them with the module, or in the clone in which wpool was built: make WPOOL=/path/to/wpool
#
# DKMS ends the name of that folder with what uname -m says, which is not the kernel's own
# word everywhere (armhf, i386); a dash there would belong to another kernel's release.
wpool-built := $(or $(DKMS_TREE),/var/lib/dkms)/wpool/kernel-$(KERNELRELEASE)
WPOOL ?= $(or $(firstword $(foreach folder,$(wildcard $(wpool-built)-*),$(if \
	$(findstring -,$(patsubst $(wpool-built)-%,%,$(folder))),,$(folder)))),$(wpool-built)-$(UTS_MACHINE))

ifneq ($(wildcard $(WPOOL)/Module.symvers),)
KBUILD_EXTRA_SYMBOLS += $(WPOOL)/Module.symvers
wpool-include := $(WPOOL)/include
else
# Enough to compile, and to be told which symbols are missing.
$(warning wpool is not built for $(KERNELRELEASE): there is no $(WPOOL)/Module.symvers)
wpool-include := $(dir $(lastword $(MAKEFILE_LIST)))include
endif
subdir-ccflags-y += -I$(wpool-include)
