"""The shapes by the names that VkInfer knows them by (`bench --synthetic`)."""

from gemma4 import Gemma4
from gpt_oss import GptOss
from llama import Llama
from qwen35 import Qwen35

SHAPES = {
    "llama2-7b": Llama(4096, 11008, 32, 32, 32, 32000),
    "llama3-8b": Llama(4096, 14336, 32, 32, 8, 128256),
    "llama3.2-1b": Llama(2048, 8192, 16, 32, 8, 128256, tied=True),
    "gpt-oss-20b": GptOss(2880, 24, 64, 8, 64, 32, 4, 201088),
    "qwen3.6-27b": Qwen35(5120, 17408, 64, 24, 4, 16, 48, 248320),
    "qwen3.6-35b-a3b": Qwen35(2048, 512, 40, 16, 2, 16, 32, 248320, experts=256, used=8),
    "gemma4-26b-a4b": Gemma4(2816, 2112, 704, 30, 16, 8, 2, 128, 8, 262144),
}
