"""Data sets from which the datasets of params.yaml are made, with their terms of use."""

KINETICS = {
    "name": "Kinetics-400",
    "url": "https://arxiv.org/abs/1705.06950",
    "terms": "The annotations are licensed CC BY 4.0 by Google. The videos are not licensed with "
    "them: they belong to the people who uploaded them to YouTube and fall under YouTube's terms.",
}

SSV2 = {
    "name": "Something-Something-V2",
    "url": "https://www.qualcomm.com/developer/software/something-something-v-2-dataset",
    "terms": "The videos and annotations may be used under the licence agreement that Qualcomm "
    "asks to accept before the download; obtain them there.",
}

DEMO = {
    "name": "Rendered scenes of the synthesize stage",
    "url": "urn:dataset:video-corruptions-demo",
    "terms": "Rendered by this project (Apache-2.0); nothing in them was recorded.",
}

KNOWN_SOURCES = {"mini_kinetics": KINETICS, "mini_ssv2": SSV2, "demo": DEMO}
"""By dataset of params.yaml."""

NO_SOURCE = {"name": "", "url": "", "terms": ""}
