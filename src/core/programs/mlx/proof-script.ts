/** The script for mlx-lm, which is strict: a name that does not fit is an error. */
export const MLX_SCRIPT_BODY = `#!/usr/bin/env python3
"""Loads a checkpoint with mlx-lm and compares the outcome with what @@TOOL@@ predicted.

    python load.py FOLDER

mlx-lm reports no names but in its error. Ends with 0 when it loads or refuses as predicted, else with 1.
"""
import json, sys
from pathlib import Path
from mlx_lm.utils import load_model

PREDICTED = @@PREDICTED@@
try:
    load_model(Path(sys.argv[1] if len(sys.argv) > 1 else "."), lazy=True, strict=True)
    refused = False
except Exception as error:
    refused = True
    print(f"raised {type(error).__name__}: {str(error)[:2000]}")
equal = refused == (PREDICTED["verdict"] == "refuses")
print("missing:", PREDICTED["missing"], "unexpected:", PREDICTED["unexpected"])
print("As predicted." if equal else f"Not as predicted: {PREDICTED['verdict']}.")
sys.exit(0 if equal else 1)
`;
