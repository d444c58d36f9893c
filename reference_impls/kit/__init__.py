"""Code that the reference implementations share: settings, models, web, processes, logs, metrics."""

import os

# Each request has its own thread, so one thread of BLAS for each is enough; the default is one for each core. NumPy
# reads these variables when it is imported.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
