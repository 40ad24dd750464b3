"""The notebook: shows turns in IPython and Jupyter. Only ``cell`` joins client and widget."""
