"""Families of transformers that run from a folder, for `python -m pipeline models`.

Their networks, parameters and multiply-adds are those of the folder, so that they are not counted.
"""

from dataclasses import dataclass

FOLDER = "folder or id of a Hugging Face video classifier (config.json, .safetensors)"
SENTENCES = "folder with tokenizer; `prompts`: sentences for the classes"
QUESTION = "folder with tokenizer and chat template; `question`, likelihood of every class name"
OWN = "frames, size and scaling of the folder"
UNIFORM = "32 uniform frames or input.frames, size and scaling of the folder"
PATCHES = "32 uniform frames or input.frames, 224 px as the processor file resizes it"


@dataclass(frozen=True)
class FamilyRow:
    """One family; `dataclasses.asdict` converts it for JSON."""

    name: str
    """`model_type` of config.json."""
    input: str
    checkpoints: tuple[str, ...]
    source: str
    params: None = None
    """Not known without a folder, like `gmac`."""
    gmac: None = None
    published: str = ""


FAMILIES = (
    FamilyRow("timesformer", OWN, (FOLDER,), "Bertasius et al. 2021"),
    FamilyRow("videomae", OWN, (FOLDER,), "Tong et al. 2022"),
    FamilyRow("vivit", OWN, (FOLDER,), "Arnab et al. 2021"),
    FamilyRow("vjepa2", OWN, (FOLDER,), "Assran et al. 2025"),
    FamilyRow("videoprism", OWN, (FOLDER,), "Zhao et al. 2024"),
    FamilyRow("clip", UNIFORM, (SENTENCES,), "Radford et al. 2021; mean over frames"),
    FamilyRow("siglip", UNIFORM, (SENTENCES,), "Zhai et al. 2023; mean over frames"),
    FamilyRow("xclip", OWN, (SENTENCES,), "Ni et al. 2022"),
    FamilyRow("llava_onevision", UNIFORM, (QUESTION,), "Li et al. 2024"),
    FamilyRow("internvl", UNIFORM + ", numbers of frames", (QUESTION,), "Zhu et al. 2025"),
    FamilyRow("qwen2_5_vl", PATCHES + ", positions in time", (QUESTION,), "Bai et al. 2025"),
    FamilyRow("qwen3_vl", PATCHES + ", time stamps", (QUESTION,), "Qwen team 2025"),
)
