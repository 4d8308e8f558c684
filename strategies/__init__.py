# SPDX-License-Identifier: Apache-2.0
"""Trading ideas, one file each. They import terminal.api and numpy, nothing else."""
