"Toy attention-only transformers, trained by the hundred. What is used most is here; each name is loaded when it is first asked for."
__version__ = "0.2.0"

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cells import Cell
    from .data import IncoherentTask, RoundRobinTask, SkipTrigramTask, Task
    from .evaluation import evaluate
    from .model import AttnConfig, AttnOnly
    from .training import Run, TrainConfig, train
    from .playground import Playground as PlaygroundWidget
    from .widgets import HeadInspector as InspectorWidget

_PLACES = dict(  # where a name is defined
    Task='data', SkipTrigramTask='data', RoundRobinTask='data', IncoherentTask='data', AttnConfig='model',
    AttnOnly='model', TrainConfig='training', Run='training', train='training', evaluate='evaluation', Cell='cells')

__all__ = ['Task', 'SkipTrigramTask', 'RoundRobinTask', 'IncoherentTask', 'AttnConfig', 'AttnOnly', 'TrainConfig', 'Run',
           'train', 'evaluate', 'Cell', 'HeadInspector', 'Playground']


def HeadInspector(*args: Any, **kwargs: Any) -> 'InspectorWidget':
    "`toyattn_nb.widgets.HeadInspector`, for whose sake widgets are not loaded until there is one."
    from .widgets import HeadInspector as Widget
    return Widget(*args, **kwargs)


def Playground(*args: Any, **kwargs: Any) -> 'PlaygroundWidget':
    "`toyattn_nb.playground.Playground`, loaded when there is one."
    from .playground import Playground as Widget
    return Widget(*args, **kwargs)


def __getattr__(name: str) -> Any:
    "A name that is asked for the first time."
    if name not in _PLACES: raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    value = getattr(import_module(f'.{_PLACES[name]}', __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]: return sorted({*globals(), *__all__})
