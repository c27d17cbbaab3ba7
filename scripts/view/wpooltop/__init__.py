# SPDX-License-Identifier: GPL-2.0
"""What wpool-top is made of: source reads, figures counts, table and screen show."""
