"""Vendors of language models by the prefixes of model names that gateways use."""

from __future__ import annotations

from typing import Final

VENDORS: Final[dict[str, tuple[str, str]]] = {
    # prefix: name of the component, technology of the catalogue
    "openai": ("openai", "openai"), "text-completion-openai": ("openai", "openai"), "chatgpt": ("openai", "openai"),
    "azure": ("azure-openai", "azure-openai"), "azure_text": ("azure-openai", "azure-openai"),
    "azure_ai": ("azure-ai", ""), "anthropic": ("anthropic", "anthropic"), "bedrock": ("bedrock", "bedrock"),
    "sagemaker": ("sagemaker", "sagemaker"), "sagemaker_chat": ("sagemaker", "sagemaker"),
    "vertex_ai": ("vertex-ai", "vertex-ai"), "vertex_ai_beta": ("vertex-ai", "vertex-ai"),
    "gemini": ("gemini", "gemini"), "palm": ("gemini", "gemini"), "mistral": ("mistral", "mistral"),
    "codestral": ("mistral", "mistral"), "groq": ("groq", "groq"), "together_ai": ("together", "together"),
    "cohere": ("cohere", "cohere"), "cohere_chat": ("cohere", "cohere"), "deepseek": ("deepseek", "deepseek"),
    "openrouter": ("openrouter", "openrouter"), "fireworks_ai": ("fireworks", "fireworks"),
    "replicate": ("replicate", "replicate"), "voyage": ("voyage", "voyage"), "nvidia_nim": ("nvidia-api", "nim"),
    "huggingface": ("huggingface", ""), "databricks": ("databricks", ""), "watsonx": ("watsonx", ""),
    "cloudflare": ("cloudflare", ""), "perplexity": ("perplexity", ""), "xai": ("xai", ""), "jina_ai": ("jina", ""),
    "cerebras": ("cerebras", ""), "sambanova": ("sambanova", ""), "anyscale": ("anyscale", ""),
    "deepinfra": ("deepinfra", ""), "github": ("github-models", ""), "friendliai": ("friendliai", ""),
    "ai21": ("ai21", ""), "snowflake": ("snowflake", ""), "predibase": ("predibase", ""), "clarifai": ("clarifai", ""),
    "volcengine": ("volcengine", ""), "dashscope": ("dashscope", ""), "moonshot": ("moonshot", ""),
    "baseten": ("baseten", ""), "novita": ("novita", ""), "hyperbolic": ("hyperbolic", ""), "nebius": ("nebius", ""),
}  # fmt: skip
SELF_HOSTED: Final[dict[str, tuple[str, str]]] = {
    "ollama": ("ollama", "ollama"), "ollama_chat": ("ollama", "ollama"), "vllm": ("vllm", "vllm"),
    "hosted_vllm": ("vllm", "vllm"), "triton": ("triton", "triton"), "lm_studio": ("lm-studio", ""),
    "llamafile": ("llamafile", ""), "xinference": ("xinference", ""), "infinity": ("infinity", ""),
    "custom_openai": ("openai-compatible", ""), "petals": ("petals", ""), "litellm_proxy": ("litellm-proxy", "litellm"),
    "openai_like": ("openai-compatible", ""), "text-completion-codestral": ("codestral", ""),
}  # fmt: skip
"""Servers that teams run themselves: the address says where."""
BARE: Final = (
    ("gpt-", "openai"), ("o1", "openai"), ("o3", "openai"), ("o4", "openai"), ("text-embedding-", "openai"),
    ("chatgpt-", "openai"), ("dall-e", "openai"), ("whisper-", "openai"), ("tts-", "openai"), ("claude-", "anthropic"),
    ("gemini-", "vertex_ai"), ("command-", "cohere"), ("embed-", "cohere"), ("mistral-", "mistral"),
)  # fmt: skip
"""Vendors by how a name without a prefix begins."""


def vendor_of(model: str) -> tuple[str, str] | None:
    """Return the vendor of a model's name: a name and a technology; None for servers that teams run themselves.

    >>> vendor_of("azure/gpt"), vendor_of("gpt-4o"), vendor_of("hosted_vllm/x")
    (('azure-openai', 'azure-openai'), ('openai', 'openai'), None)
    """
    prefix, slash, _ = model.partition("/")
    if slash:
        return VENDORS.get(prefix)
    return next((VENDORS[vendor] for start, vendor in BARE if model.startswith(start)), None)
