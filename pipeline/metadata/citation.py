"""BibTeX entry of the benchmark's paper."""

CITATION = """\
@inproceedings{yi2021benchmarking,
  title     = {Benchmarking the Robustness of Spatial-Temporal Models Against Corruptions},
  author    = {Yi, Chenyu and Yang, Siyuan and Li, Haoliang and Tan, Yap-peng and Kot, Alex},
  booktitle = {Thirty-fifth Conference on Neural Information Processing Systems,
               Datasets and Benchmarks Track (Round 2)},
  year      = {2021}
}"""
