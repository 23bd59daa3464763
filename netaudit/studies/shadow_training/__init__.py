"""The study of shadow training: does it help, beside controls whose step size is tuned as well?"""
