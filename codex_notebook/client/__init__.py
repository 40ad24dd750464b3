"""The client: makes turns happen. Processes and asyncio live here; Jupyter does not."""
