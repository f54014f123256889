async def drive() -> int:
    return 0
