# SPDX-License-Identifier: GPL-2.0
"""The test machine of wpool: kernels, modules, small virtual machines, verdicts."""
