"""Training starts from images: GoogLeNet for I3D, a ViT for TimeSformer."""

import torch

from pipeline.models import registry
from pipeline.models.checkpoints import fitted_names, start_from_images
from tests.pipeline.models.published import weights


def test_i3d_starts_from_googlenet() -> None:
    entry = registry.load("i3d_v2")
    network = entry.build(5)
    images = {
        key: torch.randn_like(value if value.ndim < 5 else value[:, :, 0])
        for key, value in weights(network).items()
    }
    images["fc.weight"], images["fc.bias"] = torch.randn(1000, 1024), torch.randn(1000)
    auxiliary = {
        "aux1.conv.conv.weight": torch.randn(128, 512, 1, 1),
        "aux2.fc2.bias": images["fc.bias"],
    }
    state = entry.start(images | auxiliary, network.state_dict())
    assert start_from_images(network, state, entry.head) == ("fc.weight", "fc.bias")
    stem = network.state_dict()["conv1.conv.weight"]
    torch.testing.assert_close(stem.sum(dim=2), images["conv1.conv.weight"], rtol=1e-5, atol=1e-5)


def vit(size: int) -> dict[str, torch.Tensor]:
    """A ViT-B/16 under the names of timm, from which the authors of TimeSformer start."""
    network = registry.load("timesformer").build(5, frames=2, size=size)
    own = network.state_dict()
    ours = "timesformer.encoder.layer."
    state = {
        "cls_token": torch.randn(1, 1, 768),
        "pos_embed": torch.randn_like(own["timesformer.embeddings.position_embeddings"]),
        "head.weight": torch.randn(1000, 768),
        "head.bias": torch.randn(1000),
    }
    parts = {
        "attention.attention.qkv": "attn.qkv",
        "attention.output.dense": "attn.proj",
        "intermediate.dense": "mlp.fc1",
        "output.dense": "mlp.fc2",
        "layernorm_before": "norm1",
        "layernorm_after": "norm2",
    }
    for key, value in own.items():
        number, _, rest = key.removeprefix(ours).partition(".")
        name, _, leaf = rest.rpartition(".")
        if key.startswith(ours) and name in parts:
            state[f"blocks.{number}.{parts[name]}.{leaf}"] = torch.randn_like(value)
    for leaf in ("weight", "bias"):
        patches = own[f"timesformer.embeddings.patch_embeddings.projection.{leaf}"]
        state[f"patch_embed.proj.{leaf}"] = torch.randn_like(patches)
        state[f"norm.{leaf}"] = torch.randn_like(own[f"timesformer.layernorm.{leaf}"])
    return state


def test_timesformer_starts_from_a_vit_with_attention_over_time_as_over_space() -> None:
    entry = registry.load("timesformer")
    network = entry.build(5, frames=4, size=64)
    images = vit(size=32)
    renamed = fitted_names(images, entry.keys(), entry.renamings)
    state = entry.start(renamed, network.state_dict())
    fresh = start_from_images(network, state, entry.head)
    assert all("temporal_dense" in key or "time_emb" in key or "classifier" in key for key in fresh)
    own = network.state_dict()
    layer = "timesformer.encoder.layer.3."
    time = own[f"{layer}temporal_attention.attention.qkv.weight"]
    assert torch.equal(time, images["blocks.3.attn.qkv.weight"])
    assert torch.equal(own[f"{layer}temporal_layernorm.bias"], images["blocks.3.norm1.bias"])
    # 2 x 2 places become 4 x 4; the class token stays, and so does the mean of the places.
    places = own["timesformer.embeddings.position_embeddings"]
    assert places.shape == (1, 17, 768)
    assert torch.equal(places[:, 0], images["pos_embed"][:, 0])
    torch.testing.assert_close(
        places[:, 1:].mean(1), images["pos_embed"][:, 1:].mean(1), rtol=0.2, atol=0.2
    )


def test_embeddings_of_time_are_interpolated() -> None:
    entry = registry.load("timesformer")
    network = entry.build(5, frames=4, size=32)
    other = entry.build(5, frames=2, size=32).state_dict()
    key = "timesformer.embeddings.time_embeddings"
    other[key] = torch.tensor([0.0, 1.0])[None, :, None].expand(1, 2, 768).clone()
    state = entry.start(dict(other), network.state_dict())
    assert state[key][0, :, 0].tolist() == [0.0, 0.25, 0.75, 1.0]
